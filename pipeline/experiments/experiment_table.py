"""The table that `vgg experiments` prints."""

from rich.console import Console
from rich.table import Table

from components.recipe import TrainedLayers
from pipeline.experiments.catalogue import EXPERIMENTS, Experiment, fused

WIDTH = 120


def show_experiments(console: Console | None = None) -> None:
    """One row for each experiment; the paper's errors where the experiment is one of its rows."""
    console = console or Console()
    table = Table(box=None, pad_edge=False)
    for name in ("experiment", "net", "S", "Q", "protocol", "starts from"):
        table.add_column(name, no_wrap=True)
    for name in ("top-1", "top-5"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in EXPERIMENTS.values():
        table.add_row(*_row(entry))
    # On a narrow terminal, and in a pipe, rows go over the edge: shortened names could not be copied.
    console.width = max(console.width, WIDTH)
    console.print(table, highlight=False)
    console.print(
        "\nA/8 is net A with an eighth of the paper's channels; S and Q are pixels of the shorter side in "
        "training and testing; a net starts from random weights, from another experiment's net, or from the "
        "model of VGG_INIT_FROM, whose net it then is, with S and Q in its crop's ratio; a fusion "
        "averages the posteriors of several experiments; the errors are the paper's, in per cent, on "
        "ILSVRC-2012 validation; mini-X is the paper's X at 1/8 width on five kinds of flowers.\n",
        highlight=False,
    )
    for entry in EXPERIMENTS.values():
        if not entry.paper:
            console.print(f"{entry.name}: {entry.summary}", highlight=False, soft_wrap=True)


def _row(entry: Experiment) -> list[str]:
    of_paper = entry.paper if entry.paper and entry.paper.experiment == entry.name else None
    errors = [f"{of_paper.top1}", f"{of_paper.top5}"] if of_paper else ["", ""]
    if entry.fused_with:
        members = fused(entry, EXPERIMENTS)
        nets = "+".join(dict.fromkeys(_net(member) for member in members))
        protocol = entry.evaluation.protocol.value
        return [entry.name, nets, f"{len(members)} nets", "", protocol, "", *errors]
    return [
        entry.name,
        _net(entry),
        _scales(entry),
        ",".join(map(str, entry.evaluation.shorter_sides)),
        entry.evaluation.protocol.value,
        "VGG_INIT_FROM" if entry.net_of_base else entry.starts_from or "random",
        *errors,
    ]


def _scales(entry: Experiment) -> str:
    """Of an SVM none: it is trained on whole images at the Q."""
    smallest, largest = entry.config.training.scales
    if entry.config.training.trained_layers is TrainedLayers.SVM:
        return ""
    return str(smallest) if smallest == largest else f"[{smallest};{largest}]"


def _net(entry: Experiment) -> str:
    if entry.net_of_base:
        return "any"
    net = entry.config.net
    return net.configuration + (f"/{net.width}" if net.width > 1 else "")
