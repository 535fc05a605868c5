"""`vgg generations`: what was decided of each generation, as a table."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from pipeline.continuous.record import Record
from pipeline.continuous.words import ERROR, percent


def show(records: Sequence[Record], console: Console) -> None:
    """A row for each decision; below them what each began from, and why it was decided so."""
    table = Table()
    for name in ("generation", "images", "top-1 error", "last blessed", "decision"):
        table.add_column(name, overflow="fold")
    for each in records:
        table.add_row(
            _name(each),
            " + ".join(str(each.images[split]) for split in ("train", "eval") if split in each.images),
            percent(each.candidate[ERROR]) if each.candidate else "",
            _baseline(each),
            each.decision,
        )
    console.print(table)
    for each in records:
        lines = [f"{_name(each)}, {each.experiment}: {each.reason}"]
        lines += [f"  starts from {each.start_in_words}"] if each.start_in_words else []
        lines += [f"  {each.pushed}"] if each.pushed else []
        console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def _name(record: Record) -> str:
    return f"span {record.span}" + ("" if record.version is None else f" version {record.version}")


def _baseline(record: Record) -> str:
    if not record.baseline:
        return "none of these classes" if record.classes_differ else "none"
    span = f" (span {record.baseline_span[0]})" if record.baseline_span else ""
    return percent(record.baseline[ERROR]) + span
