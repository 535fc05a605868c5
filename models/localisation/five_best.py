"""One box for each of the five best classes (appendix A): boxes of all Q and nets, merged and rated."""

from collections.abc import Sequence

import numpy as np

from models.localisation.dense import Windows
from models.localisation.merge import MOST_MISMATCH, merge

FIVE = 5


def best_classes(posteriors: np.ndarray) -> np.ndarray:
    """The five best of float [classes], or all where there are fewer; of equal ones the first."""
    return np.argsort(-posteriors, kind="stable")[:FIVE]


def box_of_class(found: Sequence[Windows], label: int, most_mismatch: float = MOST_MISMATCH) -> np.ndarray:
    """The merged box of a class that the classifier is surest of, in fractions of the photograph, cut off at
    its edge, float64 [4]. Where no box has an area, the whole photograph.

    Args:
        found: of each Q, and of each box net: the union of their boxes is merged.
        label: the class.
        most_mismatch: stops the merge.
    """
    boxes, scores = zip(*(windows.of_class(label) for windows in found), strict=True)
    inside = np.clip(np.concatenate(boxes), 0.0, 1.0)
    merged = merge(inside, np.concatenate(scores), most_mismatch)
    return merged[0].box if merged else np.array([0.0, 0.0, 1.0, 1.0])
