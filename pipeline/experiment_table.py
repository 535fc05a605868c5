"""The table that `vgg experiments` prints."""

from rich.console import Console
from rich.table import Table

from pipeline.experiments import EXPERIMENTS, Experiment


def show_experiments(console: Console | None = None) -> None:
    """One row for each experiment; the paper's errors where the experiment is one of its rows."""
    console = console or Console()
    table = Table(box=None, pad_edge=False)
    for name in ("experiment", "net", "S", "Q", "starts from"):
        table.add_column(name, no_wrap=True)
    for name in ("top-1", "top-5"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in EXPERIMENTS.values():
        table.add_row(*_row(entry))
    console.print(table, highlight=False)
    console.print(
        "\nA/8 is net A with an eighth of the paper's channels; S and Q are pixels of the shorter side in "
        "training and testing; a net starts from random weights or from another experiment's net; the errors "
        "are the paper's, in per cent, on ILSVRC-2012 validation.\n",
        highlight=False,
    )
    for entry in EXPERIMENTS.values():
        if not entry.paper:
            console.print(f"{entry.name}: {entry.summary}", highlight=False, soft_wrap=True)


def _row(entry: Experiment) -> list[str]:
    smallest, largest = entry.config.training.scales
    net = entry.config.net.configuration
    if entry.config.net.width > 1:
        net += f"/{entry.config.net.width}"
    return [
        entry.name,
        net,
        str(smallest) if smallest == largest else f"[{smallest};{largest}]",
        ",".join(map(str, entry.evaluation.shorter_sides)),
        entry.starts_from or "random",
        *([f"{entry.paper.top1}", f"{entry.paper.top5}"] if entry.paper else ["", ""]),
    ]
