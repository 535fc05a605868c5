"""A benchmark's table on the terminal and its result as JSON: machine, load, rounds, ratios and verdicts.

What TensorFlow and others print on standard error goes to a log, whose name is said where the benchmark
fails; the table stands alone.
"""

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.machine import cores, load, moment, processor, versions_of
from benchmarks.rounds import PROCESSOR, WALL, Comparison, Rounds, Sample, fastest, median
from models.quiet_imports import stderr_to
from pipeline.whole_file import written_whole

WIDTH = 118
JSON_OPTION = click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here too."
)


@dataclass
class Report:
    """What a benchmark found; its methods print as it comes.

    Attributes:
        name: the module's, in benchmarks/.
        settings: what was measured, by the options' names.
        machine: date, processor, cores, versions.
        load: before and after.
        contenders: by name: unit, and the samples of each round.
        comparisons: ratios, with what was wanted.
        notes: lines that the figures cannot be read without: limits, what was left out.
    """

    name: str
    settings: Mapping[str, object]
    machine: Mapping[str, object]
    load: list[float]
    contenders: dict[str, dict] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    terminal: Console = field(default_factory=lambda: Console(stderr=True))

    def progress(self, line: str) -> None:
        """A line over the last one, where standard error is a terminal."""
        if self.terminal.is_terminal:
            self.terminal.print(f"{line}, load {load():.1f}   ", end="\r", highlight=False)

    def rounds(self, found: Rounds, unit: str, title: str = "") -> None:
        """A table of contenders: `unit`s a second, and milliseconds each, by clock and by processor."""
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
        table.add_column(self.name.replace("_", " "), overflow="fold")
        for column in (f"{unit}s/s, fastest", "median", "processor ms each, least", "median", "GiB"):
            table.add_column(column, justify="right")
        for name, samples in found.items():
            gib = max(sample.gib for sample in samples)
            table.add_row(
                name,
                *(f"{1 / each(samples, WALL):.4g}" for each in (fastest, median)),
                *(_processor_ms(samples, each) for each in (fastest, median)),
                f"{gib:.1f}" if gib else "",
            )
        show(table)
        self.keep(found, unit, title)

    def keep(self, found: Rounds, unit: str, title: str = "") -> None:
        """In the result alone: for a benchmark that prints a table of its own."""
        for name, samples in found.items():
            self.contenders[f"{title}: {name}" if title else name] = {
                "unit": unit,
                "samples": [asdict(sample) for sample in samples],
            }

    def compare(self, *comparisons: Comparison) -> None:
        """A line for each, with its verdict."""
        for one in comparisons:
            self.comparisons.append(one)
            wanted = (
                f"; wanted: at {'least' if one.at_least else 'most'} {one.wanted:g}" if one.wanted else ""
            )
            verdict = f": {one.verdict}" if one.verdict else ""
            click.echo(
                f"{one.what}, by {one.by}: {one.ratio:.2f} ({one.low:.2f} to {one.high:.2f}){wanted}{verdict}"
            )

    def note(self, line: str) -> None:
        """Printed, and kept in the result."""
        self.notes.append(line)
        click.echo(line)

    def as_json(self) -> str:
        """The whole result; see benchmarks/compare.py, which reads it."""
        comparisons = [{**asdict(one), "verdict": one.verdict} for one in self.comparisons]
        fields = ("name", "settings", "machine", "load", "contenders", "notes")
        return json.dumps(
            {**{name: getattr(self, name) for name in fields}, "comparisons": comparisons}, indent=1
        )


@contextlib.contextmanager
def reporting(
    name: str, json_file: Path | None = None, *packages: str, **settings: object
) -> Iterator[Report]:
    """Says what the benchmark runs on, and at its end with which load; writes the result to `json_file`.

    Args:
        name: of the benchmark.
        json_file: or None.
        *packages: whose versions count beside TensorFlow's.
        **settings: JSON's types.
    """
    on = {
        "moment": moment(),
        "processor": processor(),
        "cores": cores(),
        "versions": versions_of(("tensorflow", *packages)),
    }
    versions = ", ".join(f"{package} {version}" for package, version in on["versions"].items())
    before = load()
    click.echo(f"{on['moment']}, {on['cores']} cores of {on['processor']}, {versions}, load {before:.1f}")
    if json_file and not json_file.absolute().parent.is_dir():
        raise click.ClickException(f"--json {json_file}: its folder is not there; make it, or name another")
    log = Path(tempfile.gettempdir(), f"vgg-benchmark-{name}-{os.getpid()}.log")
    with open(os.dup(2), "w", encoding="utf-8") as terminal:
        report = Report(name, settings, on, [before], terminal=Console(file=terminal))
        try:
            with log.open("w", encoding="utf-8") as file, stderr_to(file):
                yield report
        except BaseException:
            if log.stat().st_size:
                print(f"{name}: what was printed beside lies in {log}", file=sys.stderr)
            raise
    report.load.append(load())
    beside = f"; what was printed beside lies in {log}" if log.stat().st_size else ""
    click.echo(f"load {report.load[1]:.1f} after{beside}")
    if not beside:
        log.unlink()
    if json_file:
        with written_whole(json_file, "--json") as part:
            part.write_text(report.as_json() + "\n", encoding="utf-8")


def _processor_ms(samples: Sequence[Sample], each: Callable) -> str:
    """Empty where it is not known."""
    known = all(sample.processor is not None for sample in samples)
    return f"{1e3 * each(samples, PROCESSOR):.4g}" if known else ""


def show(table: Table) -> None:
    """On standard output."""
    Console(width=WIDTH, file=sys.stdout).print(table, highlight=False)
