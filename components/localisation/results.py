"""What the LocalisationEvaluator computed, read back: each metric with its interval, overall and by class."""

from dataclasses import dataclass

import tensorflow_model_analysis as tfma

from components.evaluation.tfma_results import Measured, class_of, measured
from components.localisation.metrics import IMAGES, METRICS, WITHOUT_BOX


@dataclass(frozen=True)
class LocalisationFigure:
    """The metrics over one slice of the images.

    Attributes:
        of_class: name of the true class, or "" for all images.
        label: of that class; None for all images.
        images: how many have a box of their class; without_box: how many have none.
        metrics: by name, components.localisation.metrics.METRICS; errors and recalls are shares in 0..1.
    """

    of_class: str
    label: int | None
    images: int
    without_box: int
    metrics: dict[str, Measured]


def read_localisation(folder: str) -> list[LocalisationFigure]:
    """Of an evaluation's artifact: all images first, then the classes by their labels."""
    found = [_figure(*each) for each in tfma.load_eval_result(folder).slicing_metrics]
    return sorted(found, key=lambda figure: -1 if figure.label is None else figure.label)


def _figure(slice_key, outputs: dict) -> LocalisationFigure:
    label, of_class = class_of(slice_key)
    values = {name: measured(value) for name, value in outputs[""][""].items()}
    return LocalisationFigure(
        of_class=of_class,
        label=label,
        images=round(values[IMAGES].value),
        without_box=round(values[WITHOUT_BOX].value),
        metrics={name: values[name] for name in METRICS},
    )
