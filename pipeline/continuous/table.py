"""`vgg generations`: what was decided of each generation, as a table."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from pipeline.continuous.record import Record
from pipeline.continuous.words import ERROR, percent


def show(records: Sequence[Record], console: Console) -> None:
    """A line for each decision, and below it the reason."""
    table = Table(show_lines=True)
    for name in (
        "generation",
        "experiment",
        "images",
        "starts from",
        "top-1 error",
        "last blessed",
        "decision",
    ):
        table.add_column(name, overflow="fold")
    for each in records:
        table.add_row(
            _name(each),
            each.experiment,
            " + ".join(str(each.images[split]) for split in ("train", "eval") if split in each.images),
            each.start_in_words,
            percent(each.candidate[ERROR]) if each.candidate else "",
            _baseline(each),
            f"{each.decision}: {each.reason}" + (f"\n{each.pushed}" if each.pushed else ""),
        )
    console.print(table)


def _name(record: Record) -> str:
    return f"span {record.span}" + ("" if record.version is None else f"\nversion {record.version}")


def _baseline(record: Record) -> str:
    if not record.baseline:
        return "none of these classes" if record.classes_differ else "none"
    span = f" (span {record.baseline_span[0]})" if record.baseline_span else ""
    return percent(record.baseline[ERROR]) + span
