"""The table that `vgg experiments` prints."""

from rich.console import Console
from rich.table import Table

from pipeline.experiments import EXPERIMENTS, Experiment


def show_experiments(console: Console | None = None) -> None:
    """One row for each experiment; the paper's errors where the experiment is one of its rows."""
    table = Table(box=None, pad_edge=False)
    for name in ("experiment", "net", "S", "Q", "what it is"):
        table.add_column(name, overflow="fold")
    for name in ("paper's top-1", "top-5"):
        table.add_column(name, justify="right")
    for entry in EXPERIMENTS.values():
        table.add_row(*_row(entry))
    (console or Console()).print(table, highlight=False)


def _row(entry: Experiment) -> list[str]:
    config = entry.config
    smallest, largest = config.training.scales
    net = config.net.configuration + (f" / {config.net.width}" if config.net.width > 1 else "")
    paper = [f"{entry.paper.top1}%", f"{entry.paper.top5}%"] if entry.paper else ["", ""]
    return [
        entry.name,
        net,
        str(smallest) if smallest == largest else f"[{smallest};{largest}]",
        ", ".join(map(str, config.evaluation.shorter_sides)),
        entry.summary,
        *paper,
    ]
