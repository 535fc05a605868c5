"""HOME/generations.jsonl: what was decided of each generation of data, and why; a line of JSON for each step.

This file is the one record of the decisions. Artifacts and figures of the run that a line names are in ML
Metadata. A generation has a line `begun` before its run, so that a run which was killed goes on with what it
began from, and one `decided` after it.
"""

import dataclasses
import json
import os
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from models.errors import InputError
from pipeline.home_name import home_refused

FILE = "generations.jsonl"
BEGUN, DECIDED = "begun", "decided"
PUSHED, REFUSED, FAILED = "pushed", "refused", "failed"


@dataclass(frozen=True)
class Record:
    """One line.

    Attributes:
        event: BEGUN or DECIDED.
        time: of writing, UTC, ISO 8601.
        experiment: its name.
        span, version: of the data; version None where the span has none.
        data: folder of the shards.
        marks: names, bytes and times of the shards when the run began.
        start: folder of the model whose layers the training began from; "" for the experiment's own start.
        start_in_words: the same for people.
        classes_differ: whether the data have other classes than the model that was served.
        classes_added, classes_removed: their names.
        decision: PUSHED, REFUSED or FAILED, "" while it is not decided.
        reason: in a sentence.
        images: by split.
        fingerprint: of the data, TFX's.
        candidate, baseline: value and 95 % interval of each error over all images, of the trained model and
            of the last blessed one on the same images; empty where there is none.
        baseline_span: [span, version] that the baseline was trained on, where this file knows it.
        pushed: folder of the pushed model, "" where none was.
        model: folder of the trained model in the pipeline.
        run: its name in ML Metadata.
        drift: of served requests against what the served model was trained on; None where no log was given,
            {"error": why} where there was none to be had (components.drift.drift.Drift.as_dict).
    """

    event: str
    experiment: str
    span: int
    version: int | None
    data: str
    marks: list[list]
    start: str = ""
    start_in_words: str = ""
    classes_differ: bool = False
    classes_added: list[str] = field(default_factory=list)
    classes_removed: list[str] = field(default_factory=list)
    decision: str = ""
    reason: str = ""
    images: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    candidate: dict[str, list] = field(default_factory=dict)
    baseline: dict[str, list] = field(default_factory=dict)
    baseline_span: list | None = None
    pushed: str = ""
    model: str = ""
    run: str = ""
    drift: dict[str, Any] | None = None
    time: str = ""

    @property
    def order(self) -> tuple[int, int]:
        """As components.datasets.spans.Generation's."""
        return self.span, -1 if self.version is None else self.version


class Records:
    """Of one home folder."""

    def __init__(self, home: Path):
        self.path = Path(home) / FILE

    def read(self) -> list[Record]:
        """All lines, the oldest first; a last one that a kill cut short is left out.

        Raises:
            InputError: the file cannot be read, or another line is none of ours.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self.path}: cannot be read ({error}); expected lines of JSON") from None
        return [self._parsed(number, line) for number, line in enumerate(lines[:-1], start=1) if line]

    def add(self, record: Record) -> Record:
        """Writes a line through to the disk; returns it with its time.

        Raises:
            InputError: the home folder cannot be written.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        record = dataclasses.replace(record, time=now)
        line = json.dumps(dataclasses.asdict(record), ensure_ascii=False)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._end_last_line()
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(f"{line}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise home_refused(self.path.parent, error) from None
        return record

    def _end_last_line(self) -> None:
        """Takes off what a kill left of a line without its end."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(self.path, len(whole))

    def _parsed(self, number: int, line: str) -> Record:
        try:
            known = {each.name for each in dataclasses.fields(Record)}
            return Record(**{name: value for name, value in json.loads(line).items() if name in known})
        except (ValueError, TypeError, AttributeError):
            raise InputError(
                f"{self.path}: line {number} is no record of a generation; expected what `vgg watch` wrote; "
                "mend the line or move the file away"
            ) from None


def decided(records: list[Record]) -> list[Record]:
    """The newest decision on each generation of each experiment, in the order in which they were made."""
    newest = {(each.experiment, each.order): each for each in records if each.event == DECIDED}
    return [each for each in records if each is newest.get((each.experiment, each.order))]


def unfinished(records: list[Record], experiment: str, order: tuple[int, int]) -> Record | None:
    """How the run on a generation was begun that has not been decided; None without one."""
    of_it = [each for each in records if (each.experiment, each.order) == (experiment, order)]
    return of_it[-1] if of_it and of_it[-1].event == BEGUN else None
