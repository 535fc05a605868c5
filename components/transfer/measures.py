"""Appendix B's figures: mean class recall, and of images with several classes mean average precision.

With 95 % intervals of a bootstrap over images, which for the recall are drawn within each class. It has a
seed: the same scores have the same interval.
"""

from dataclasses import dataclass

import numpy as np

DRAWS = 1000
DRAWS_OF_PRECISION = 200  # each sorts all images once for each class


@dataclass(frozen=True)
class Figure:
    """A share, 0..1, and its interval."""

    value: float
    lower: float
    upper: float

    def __str__(self) -> str:
        return f"{100 * self.value:.1f} % [{100 * self.lower:.1f}, {100 * self.upper:.1f}]"


def class_recalls(scores: np.ndarray, labels: np.ndarray) -> dict[int, tuple[int, int]]:
    """(images right, images) by class; only the classes that have images.

    Args:
        scores: [N, K]; a tie counts against the net, as everywhere (components.evaluation.metrics).
        labels: int [N].
    """
    own = scores[np.arange(len(labels)), labels]
    right = (scores >= own[:, np.newaxis]).sum(axis=1) == 1
    return {int(k): (int(right[labels == k].sum()), int((labels == k).sum())) for k in np.unique(labels)}


def mean_class_recall(scores: np.ndarray, labels: np.ndarray, seed: int = 0) -> Figure:
    """The mean over classes of the share of a class's images that are recognised."""
    right, images = np.array(list(class_recalls(scores, labels).values())).T
    # Drawing n of n images with replacement, of which a share is right, is a binomial draw.
    draws = np.random.default_rng(seed).binomial(images, right / images, (DRAWS, len(images)))
    return _figure((right / images).mean(), (draws / images).mean(axis=1))


def average_precision(scores: np.ndarray, has: np.ndarray, *, eleven_points: bool = False) -> float:
    """Of one class: the area under precision by recall; NaN where no image has it.

    Args:
        scores: [N], of the images that count; of tied ones those without the class come first.
        has: bool [N].
        eleven_points: PASCAL VOC 2007's: the mean, at recalls 0, 0.1, ... 1, of the best precision at that
            recall or a higher one.
    """
    if not has.any():
        return float("nan")
    has = has[np.lexsort((has, -scores))]
    found = np.cumsum(has)
    precision, recall = found / np.arange(1, len(has) + 1), found / found[-1]
    if not eleven_points:
        return float(precision[has].mean())
    levels = np.arange(11) / 10
    return float(np.mean([precision[recall >= level - 1e-9].max(initial=0.0) for level in levels]))


def mean_average_precision(
    scores: np.ndarray, has: np.ndarray, known: np.ndarray, *, eleven_points: bool = False, seed: int = 0
) -> Figure:
    """The mean over the classes that images have.

    Args:
        scores: [N, K].
        has, known: bool [N, K]: for a class, an image that is not known counts neither way.
        eleven_points: see average_precision.
        seed: of the interval.
    """
    random, count = np.random.default_rng(seed), len(scores)
    drawn = (random.integers(0, count, count) for _ in range(DRAWS_OF_PRECISION))
    draws = [
        mean_of_classes(scores[rows], has[rows], known[rows], eleven_points=eleven_points) for rows in drawn
    ]
    return _figure(mean_of_classes(scores, has, known, eleven_points=eleven_points), np.array(draws))


def mean_of_classes(
    scores: np.ndarray, has: np.ndarray, known: np.ndarray, *, eleven_points: bool = False
) -> float:
    """mean_average_precision without its interval."""
    each = [
        average_precision(scores[sure, k], has[sure, k], eleven_points=eleven_points)
        for k, sure in enumerate(known.T)
    ]
    return float(np.nanmean(each))


def _figure(value: float, draws: np.ndarray) -> Figure:
    lower, upper = np.percentile(draws, [2.5, 97.5])
    return Figure(float(value), float(lower), float(upper))
