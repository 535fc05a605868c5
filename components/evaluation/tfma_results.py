"""What TFMA's Evaluator computed, read back: each metric with its interval, overall and by class."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import tensorflow_model_analysis as tfma

from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.eval_config import CANDIDATE
from components.evaluation.metrics import IMAGES
from components.recipe import CALIBRATION_ERROR, CROSS_ENTROPY, TOP1_ERROR, TOP5_ERROR


@dataclass(frozen=True)
class Measured:
    """A metric and its 95 % interval (Poisson bootstrap); the bounds are None where there is no interval."""

    value: float
    lower: float | None = None
    upper: float | None = None

    @property
    def interval_of_share(self) -> tuple[float, float] | None:
        """Of a share: cut off at 0 and 1, beyond which the bootstrap's bounds can lie; None without one."""
        if self.lower is None or self.upper is None:
            return None
        return max(0.0, self.lower), min(1.0, self.upper)


@dataclass(frozen=True)
class Figure:
    """The metrics of one average over one slice of the images.

    Attributes:
        name: of the average (components.evaluation.averaging_plan).
        of_class: name of the true class that the images have, or "" for all images.
        label: of that class; None for all images, and in results of before slices had labels: there, classes
            of the same name are one.
        images: how many.
        top1_error, top5_error, expected_calibration_error: shares in 0..1.
        cross_entropy: nats.
    """

    name: str
    of_class: str
    images: int
    top1_error: Measured
    top5_error: Measured
    cross_entropy: Measured
    expected_calibration_error: Measured
    label: int | None = None


def read_figures(folder: str, model: str = CANDIDATE) -> list[Figure]:
    """Of an Evaluation artifact: a model's, the candidate's or the baseline's (averaging_plan.BASELINE), all
    images first, then the classes by their labels, and the average over all as the last of each slice.
    """
    result = tfma.load_eval_result(folder)
    if len(result.config.model_specs) > 1:  # TFMA drops the name of a model that is alone
        result = tfma.load_eval_result(folder, model_name=model)
    figures = []
    for slice_key, outputs in sorted(result.slicing_metrics, key=lambda metrics: _place(metrics[0])):
        names = sorted(outputs, key=lambda name: (name == AVERAGE, _natural(name)))
        figures += [_figure(name, slice_key, outputs[name][""]) for name in names if outputs[name].get("")]
    return figures


def class_of(slice_key: Iterable[tuple[str, object]]) -> tuple[int | None, str]:
    """Label and name of the class of TFMA's slice: None and "" of all images, None of an old result."""
    values = dict(slice_key)
    label = values.get("label")
    name = values.get("class", "")
    return (None if label is None else int(label)), name.decode() if isinstance(name, bytes) else str(name)


def _place(slice_key) -> tuple[int, str]:
    label, name = class_of(slice_key)
    return (-1 if label is None else label), name


def _natural(name: str) -> tuple:
    """Q96 before Q128."""
    number = name.removeprefix("Q")
    return (0, int(number), "") if number.isdigit() else (1, 0, name)


def _figure(name: str, slice_key, metrics: dict) -> Figure:
    label, of_class = class_of(slice_key)
    return Figure(
        name=name,
        of_class=of_class,
        images=round(measured(metrics[IMAGES]).value),
        top1_error=measured(metrics[TOP1_ERROR]),
        top5_error=measured(metrics[TOP5_ERROR]),
        cross_entropy=measured(metrics[CROSS_ENTROPY]),
        expected_calibration_error=measured(metrics[CALIBRATION_ERROR]),
        label=label,
    )


def measured(value: dict) -> Measured:
    """One of TFMA's values."""
    bounded = value.get("boundedValue")
    if bounded is None:
        return Measured(float(value["doubleValue"]))
    # NaN is a word there: of the interval of a class that a bootstrap sample has no image of.
    bounds = [float(bounded[name]) for name in ("lowerBound", "upperBound")]
    return Measured(float(bounded["value"]), *([] if any(map(math.isnan, bounds)) else bounds))
