"""Metrics of posteriors for TFMA: top-1 and top-5 error (section 4), cross-entropy, calibration error.

Ties: TensorFlow's in_top_k counts every class tied at the k-th place as a hit, so a saturated or constant
prediction looks good. Here a tie counts against the net: the true class is among the k best only if fewer
than k other classes have a posterior as high or higher. A NaN posterior is an error.
"""

import numpy as np
import tensorflow_model_analysis as tfma

from components.evaluation.summed_metrics import Family
from components.recipe import METRICS

IMAGES = "images"
CALIBRATION_BINS = 15
SMALLEST = 1e-12


def is_error(probabilities: np.ndarray, label: int, k: int) -> bool:
    """Whether class `label` is not among the k best of float [classes].

    Raises:
        ValueError: no such class.
    """
    if not 0 <= label < len(probabilities):
        raise ValueError(f"label {label}: expected 0..{len(probabilities) - 1}")
    if np.isnan(probabilities).any():
        return True
    as_good = np.count_nonzero(probabilities >= probabilities[label]) - 1
    return bool(as_good >= k)


def cross_entropy(probabilities: np.ndarray, label: int) -> float:
    """-log of the true class's posterior, nats; at most -log(SMALLEST), so one 0 does not hide the rest."""
    return -float(np.log(max(probabilities[label], SMALLEST)))


def image_statistics(probabilities: np.ndarray, label: int) -> np.ndarray:
    """What one image adds to the sums that all metrics are made of, float64 [4 + 3 * CALIBRATION_BINS].

    1; whether it is a top-1 and a top-5 error; its cross-entropy; and the reliability diagram's bins of
    equal widths of the largest posterior: images, sum of largest posteriors, images that are right.
    """
    errors = [is_error(probabilities, label, k) for k in (1, 5)]
    bins = np.zeros([CALIBRATION_BINS, 3])
    confidence = float(np.max(probabilities))
    if np.isfinite(confidence):
        row = min(int(confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        bins[row] = 1, confidence, not errors[0]
    return np.concatenate([[1, *errors, cross_entropy(probabilities, label)], bins.ravel()])


def metrics_of(sums: np.ndarray | None) -> dict[str, float]:
    """The metrics of summed image_statistics, by name; NaN where there are no images."""
    if sums is None or not sums[0]:
        return {IMAGES: 0.0, **dict.fromkeys(METRICS, float("nan"))}
    images, top1, top5, nats = sums[:4]
    error = expected_calibration_error(sums[4:].reshape([CALIBRATION_BINS, 3]))
    values = (top1 / images, top5 / images, nats / images, error)
    return {IMAGES: float(images), **dict(zip(METRICS, map(float, values), strict=True))}


def expected_calibration_error(bins: np.ndarray) -> float:
    """Mean over images of |accuracy - confidence| of their bin (Guo et al. 2017, eq. 3), 0..1."""
    images, confidence, right = bins.T
    return float(np.abs(right - confidence).sum() / images.sum()) if images.sum() else float("nan")


class PosteriorMetrics(tfma.metrics.Metric):
    """top1_error, top5_error, cross_entropy, expected_calibration_error and images, from one pass.

    Each image is reduced to its statistics once, before TFMA puts it into slices and bootstrap samples: with
    a TFMA metric each, 300 images under four averages took 9 times as long as without intervals.
    """

    def __init__(self, name: str = "posterior_metrics"):
        super().__init__(_FAMILY.computations, name=name)


_FAMILY = Family("image_statistics", (IMAGES, *METRICS), image_statistics, metrics_of)
