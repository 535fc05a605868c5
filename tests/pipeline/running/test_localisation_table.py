"""What a run says of localisation, as a terminal shows it."""

import io

from rich.console import Console

from components.evaluation.tfma_results import Measured
from components.localisation.metrics import CENTRAL, DENSE, METRICS, TOP5
from components.localisation.results import LocalisationFigure
from pipeline.running.localisation_table import localisation_table


def test_errors_with_intervals_that_are_shares():
    metrics = dict.fromkeys(METRICS, Measured(0.5))
    metrics[CENTRAL] = Measured(0.003, -0.003, 0.006)  # as the bootstrap gave it for the demo
    metrics[DENSE], metrics[TOP5] = Measured(0.99, 0.97, 1.01), Measured(0.143, 0.103, 0.189)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(localisation_table(LocalisationFigure("", None, 300, 0, metrics)))
    text = console.export_text()
    assert "localisation: 300 images with boxes" in text
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]
    assert rows == [
        ["test 1: central crop, the class known", "0.3%", "0.0% to 0.6%"],
        ["dense boxes, merged, the class known", "99.0%", "97.0% to 100.0%"],
        ["test 2: the best class and its box", "50.0%", ""],
        ["test 2: one of five classes and its box", "14.3%", "10.3% to 18.9%"],
    ]
