"""OverFeat's greedy merge of the boxes that a dense net gives (Sermanet et al. 2013, section 4.3).

The two boxes that match best become one, until no two match well enough. OverFeat measures a match by "the
sum of the distance between centers of the two bounding boxes and the intersection area of the boxes", and
gives neither units nor the bound. Taken as said, two boxes would match the worse the more they share. Here
the mismatch of two boxes is the distance of their centres, in square roots of their mean area, plus one less
their intersection over union: 0 for the same box, at least 1 for two that share nothing. The bound is
MOST_MISMATCH.
"""

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from models.localisation.boxes import area, iou

MOST_MISMATCH = 0.7
"""Of a pair that is merged. Two boxes of one size, one of them moved by a fifth of its side along one axis:
0.2 + 1/3 = 0.53; moved by a third: 1/3 + 1/2 = 0.83."""


@dataclass(frozen=True)
class MergedBox:
    """What several boxes became.

    Attributes:
        box: (left, top, right, bottom), the mean of theirs, float64 [4].
        score: the sum of theirs.
        boxes: how many they are.
    """

    box: np.ndarray
    score: float
    boxes: int


def merge(boxes: np.ndarray, scores: np.ndarray, most_mismatch: float = MOST_MISMATCH) -> list[MergedBox]:
    """Greedily merged boxes, the one of the largest score first.

    A merged box is the mean of all that it stands for: where two that stand for several are merged, each
    counts as often as it stands for.

    Args:
        boxes: (left, top, right, bottom), [n, 4], all of one unit; one of no area counts for nothing.
        scores: how sure the classifier is of the class in the window that a box came from, [n].
        most_mismatch: stops the merge.
    """
    there = (area(boxes) > 0) & np.isfinite(boxes).all(axis=1)
    boxes, scores = boxes[there].astype(np.float64), scores[there].astype(np.float64)
    counts = np.ones(len(boxes))
    distances = _mismatches(boxes)
    while len(boxes) > 1:
        # The first of the smallest ones, of a symmetric matrix: `first` is before `second`.
        first, second = np.unravel_index(np.argmin(distances), distances.shape)
        if distances[first, second] > most_mismatch:
            break
        pair = [first, second]
        boxes[first] = np.average(boxes[pair], axis=0, weights=counts[pair])
        scores[first], counts[first] = scores[pair].sum(), counts[pair].sum()
        boxes, scores, counts = (np.delete(each, second, axis=0) for each in (boxes, scores, counts))
        distances = np.delete(np.delete(distances, second, axis=0), second, axis=1)
        anew = mismatch(boxes[first], boxes)
        anew[first] = math.inf
        distances[first], distances[:, first] = anew, anew
    order = np.argsort(-scores, kind="stable")
    return [MergedBox(boxes[each], float(scores[each]), int(counts[each])) for each in order]


def mismatch(first: Any, second: Any, maths: ModuleType = np) -> Any:
    """Of boxes [..., 4] in pairs: [...], see the head of this file; `maths` is numpy or TensorFlow."""
    centres = [(boxes[..., :2] + boxes[..., 2:]) / 2 for boxes in (first, second)]
    apart = maths.linalg.norm(centres[0] - centres[1], axis=-1)
    return apart / maths.sqrt((area(first, maths) + area(second, maths)) / 2) + 1 - iou(first, second, maths)


def _mismatches(boxes: np.ndarray) -> np.ndarray:
    """Of all pairs, [n, n]; infinite of a box and itself."""
    found = mismatch(boxes[:, None], boxes[None])
    np.fill_diagonal(found, math.inf)
    return found
