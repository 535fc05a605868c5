"""The best values of a tuning as an experiment file that VGG_EXPERIMENT takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.tuning.space import Value
from components.tuning.trials import Trial
from models.errors import InputError
from pipeline.experiments.chosen import words_of
from pipeline.experiments.experiment_file import SUFFIX, as_toml, check_own_name, content_of, read_content
from pipeline.whole_file import written_whole


@dataclass(frozen=True)
class Source:
    """What was tuned, in the user's words.

    Attributes:
        named: an experiment's name or file.
        settings: fields set beside it, VGG_SET's words.
        data: folder of the data.
        shortened: epochs of each trial where they were fewer than the experiment's, else 0.
    """

    named: str
    settings: str
    data: str
    shortened: int = 0


def check_place(out: Path) -> None:
    """Before hours are spent.

    Raises:
        InputError: nothing can be written there under that name.
    """
    if out.suffix != SUFFIX:
        raise InputError(f"--out {out}: expected a name that ends in {SUFFIX}, by which files are told")
    check_own_name(out.stem, f"--out {out}")
    if out.exists():
        raise InputError(f"--out {out}: is there already; choose another name or remove it")
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: there is no folder {out.parent}; choose another place")


def write_tuned(out: Path, source: Source, best: Trial, trials: int, objective: str) -> None:
    """Writes the file, whole or not at all.

    Args:
        out: its path.
        source: what was tuned.
        best: the trial whose values it gets.
        trials: of how many it is the best.
        objective: by which it is.

    Raises:
        InputError: it cannot be written.
    """
    worth = f"{best.outcome.figure(objective)} of {best.outcome.metrics['images']:.0f} validation images"
    comments = [
        f"# The best of {trials} trials of {source.named} on {source.data}: {worth},",
        "# by which it was chosen: expect more on images that had no say in it.",
    ]
    if source.shortened:
        after = f"after epoch {source.shortened}"
        comments.append(f"# The trials ended {after}; this experiment has its base's epochs.")
    with written_whole(out, "--out") as part:
        part.write_text("\n".join([*comments, as_toml(_content(source, out.stem, best.values))]))


def _content(source: Source, name: str, values: Mapping[str, Value]) -> dict[str, Any]:
    content = read_content(source.named) if source.named.endswith(SUFFIX) else {"base": source.named}
    found = {**content, "name": name}
    tuned: dict[str, dict[str, Any]] = {}
    for field, value in values.items():
        section, _, key = field.partition(".")
        tuned.setdefault(section, {})[key] = value
    for more in (content_of(words_of(source.settings)), tuned):
        found = _merged(found, more)
    return found


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the second in place of the first's, in tables within tables too."""
    both = {
        key: _merged(first[key], value)
        for key, value in second.items()
        if isinstance(value, Mapping) and isinstance(first.get(key), Mapping)
    }
    return {**first, **second, **both}
