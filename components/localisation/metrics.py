"""Localisation's errors for TFMA (appendix A): shares of the images whose class has a true box.

An image is right where one of the five best classes, or the best one, is the true one and its box has an
intersection over union above 0.5 with any true box of that class. Beside that stand the errors of the box
alone, the class being known: test 1's, from the central crop, and test 2's, from the dense boxes' merge.
"""

import numpy as np
import tensorflow_model_analysis as tfma

from components.evaluation.summed_metrics import Family
from models.localisation.boxes import SAME_OBJECT

IMAGES, WITHOUT_BOX = "images", "images_without_box"
TOP1, TOP5 = "top1_localisation_error", "top5_localisation_error"
CENTRAL, DENSE, MEAN_IOU = "central_box_error", "dense_box_error", "mean_iou"
RECALL_AT = (0.5, 0.6, 0.7, 0.8, 0.9)
RECALL = tuple(f"recall_at_iou_{bound}" for bound in RECALL_AT)
"""Share of the images whose true class's box, by test 2, has a larger intersection over union than that."""

METRICS = (TOP1, TOP5, CENTRAL, DENSE, MEAN_IOU, *RECALL)


def image_statistics(figures: np.ndarray, label: int) -> np.ndarray:
    """What one image adds to the sums, float64 [2 + METRICS], of localised.FIGURES, whatever its class."""
    has_box, central, dense, rank = figures
    if not has_box:
        return np.array([0, 1, *np.zeros(len(METRICS))])
    wrong = dense <= SAME_OBJECT
    errors = [rank > 0 or wrong, rank > 4 or wrong, central <= SAME_OBJECT, wrong]
    return np.array([1, 0, *errors, dense, *(dense > bound for bound in RECALL_AT)], np.float64)


def metrics_of(sums: np.ndarray | None) -> dict[str, float]:
    """The metrics of summed image_statistics, by name; NaN where there are no images with a box."""
    images, without, *others = np.zeros(2 + len(METRICS)) if sums is None else sums
    means = [float(each / images) if images else float("nan") for each in others]
    return {IMAGES: float(images), WITHOUT_BOX: float(without), **dict(zip(METRICS, means, strict=True))}


class LocalisationMetrics(tfma.metrics.Metric):
    """All of them from one pass, as components.evaluation.metrics.PosteriorMetrics."""

    def __init__(self, name: str = "localisation_metrics"):
        super().__init__(_FAMILY.computations, name=name)


_FAMILY = Family(
    "localisation_statistics",
    (IMAGES, WITHOUT_BOX, *METRICS),
    image_statistics,
    metrics_of,
)
