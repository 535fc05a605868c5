"""A comparison of served images with training images, for people."""

from rich.console import Console
from rich.table import Table

from components.drift.drift import Drift


def show(found: Drift, console: Console) -> None:
    """The table, TFDV's words of what has drifted, and a line that sums up."""
    title = f"{found.served} served images against {found.trained} that {found.model} was trained on"
    console.print(title, highlight=False, soft_wrap=True)
    table = Table()
    for name in ("feature", "trained", "served"):
        table.add_column(name)
    for name in ("distance", "threshold"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in found.distances:
        table.add_row(
            each.feature,
            each.trained,
            each.served,
            f"{each.distance:.3f} {each.measure}",
            f"{each.threshold:g}",
            "drifted" if each.drifted else "",
        )
    console.print(table)
    for each in found.distances:
        if each.drifted:
            console.print(f"{each.feature}: {each.words}", highlight=False, soft_wrap=True)
    if found.other:
        console.print(f"Not looked at: {found.other} requests without photographs and a class for each")
    console.print(summary(found.as_dict()), highlight=False, soft_wrap=True)


def summary(drift: dict) -> str:
    """One line; of Drift.as_dict()."""
    if not drift["drifted"]:
        return f"No drift: {drift['served']} served images are like the training images"
    return f"Drifted: {', '.join(drift['drifted'])} of {drift['served']} served images"
