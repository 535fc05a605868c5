"""Images that are there more than once: the same pixels, whatever their files' names, formats or EXIF.

Rows of 44 bytes are sorted by the hash of their pixels. One that was scaled or compressed again is not found.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from components.datasets.repeated import IN_BOTH_SPLITS, IN_ONE_CLASS, IN_TWO_CLASSES

SAME = ["pixels", "height", "width"]
KINDS = (IN_BOTH_SPLITS, IN_TWO_CLASSES, IN_ONE_CLASS)
"""The gravest first."""


@dataclass(frozen=True)
class Group:
    """Images that look the same.

    Attributes:
        places: int64 [n], which rows they are, n > 1, in their order.
        kinds: at least one of KINDS. IN_ONE_CLASS: twice in one class of one split.
    """

    places: np.ndarray
    kinds: tuple[str, ...]


def groups(rows: np.ndarray) -> Iterator[Group]:
    """Of rows (components.checking.shard.ROW) of images; only those that decode are looked at.

    In the order of the first of their kinds, then of their first image.
    """
    decoded = np.flatnonzero(rows["decodes"])
    keys = rows[SAME][decoded]
    order = np.lexsort([keys[name] for name in reversed(SAME)])
    begins = np.ones(len(order), bool)
    begins[1:] = np.any([keys[name][order][1:] != keys[name][order][:-1] for name in SAME], axis=0)
    first = np.flatnonzero(begins)
    lengths = np.diff(np.append(first, len(order)))
    found = []
    for begin, length in zip(first[lengths > 1], lengths[lengths > 1], strict=True):
        places = np.sort(decoded[order[begin : begin + length]])
        found.append(Group(places, _kinds(rows[places])))
    yield from sorted(found, key=lambda each: (KINDS.index(each.kinds[0]), each.places[0]))


def _kinds(rows: np.ndarray) -> tuple[str, ...]:
    splits, labels = set(rows["training"].tolist()), set(rows["label"].tolist())
    apart = set(zip(rows["training"].tolist(), rows["label"].tolist(), strict=True))
    holds = {
        IN_BOTH_SPLITS: len(splits) > 1,
        IN_TWO_CLASSES: len(labels) > 1,
        IN_ONE_CLASS: len(apart) < len(rows),
    }
    return tuple(kind for kind in KINDS if holds[kind])
