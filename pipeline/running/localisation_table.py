"""What a run says of localisation (appendix A) on the terminal."""

from rich.table import Table

from components.evaluation.tfma_results import Measured
from components.localisation.metrics import CENTRAL, DENSE, TOP1, TOP5
from components.localisation.results import LocalisationFigure

ROWS = {
    CENTRAL: "test 1: central crop, the class known",
    DENSE: "dense boxes, merged, the class known",
    TOP1: "test 2: the best class and its box",
    TOP5: "test 2: one of five classes and its box",
}


def localisation_table(figure: LocalisationFigure) -> Table:
    """Errors with their 95 % intervals; a box is right above an intersection over union of 0.5."""
    table = Table(title=f"localisation: {figure.images} images with boxes", title_justify="left")
    table.add_column("box of")
    table.add_column("error", justify="right")
    table.add_column("95 % interval", justify="right")
    for name, title in ROWS.items():
        table.add_row(title, *_shown(figure.metrics[name]))
    return table


def _shown(measured: Measured) -> tuple[str, str]:
    bounds = measured.interval_of_share
    return f"{measured.value:.1%}", f"{bounds[0]:.1%} to {bounds[1]:.1%}" if bounds else ""
