"""Keeps photographs for validation within each class, where the user has not divided them."""

import hashlib
import math
import os
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from components.datasets.image_files import Source
from models.errors import InputError

Image = TypeVar("Image", bound=Source)


def split_within_classes(
    images: Iterable[Image], fraction: float, seed: int
) -> tuple[list[Image], list[Image]]:
    """(training, validation): of each class the share `fraction`, 0..1, that a hash of the name puts first.

    Of a class of two or more, at least one is kept for validation and at least one for training; a single
    one is trained on. Each photograph that is added moves at most one other to the other side, one of its own
    class, as the others' order and the rounded share, but for one, stay.
    """
    classes = defaultdict(list)
    for image in images:
        classes[image.category].append(image)
    train, validation = [], []
    for found in classes.values():
        found.sort(key=lambda image: _hash(image.name, seed))
        kept = _kept(len(found), fraction)
        validation += found[:kept]
        train += found[kept:]
    return train, validation


def split_by_number(
    images: Iterable[Image], train: int, most_validation: int | None, seed: int
) -> tuple[list[Image], list[Image]]:
    """(training, validation): of each class `train` images to train on and of the others all, or at most
    `most_validation`, to validate on, as a hash of the name has them: Caltech's protocol of the paper's
    appendix B, in which each seed is one of its random splits.

    Raises:
        InputError: a class has no more than `train` images.
    """
    classes = defaultdict(list)
    for image in images:
        classes[image.category].append(image)
    chosen, validation = [], []
    for name, found in classes.items():
        if len(found) <= train:
            raise InputError(
                f"class {name!r}: {len(found)} images; expected more than the {train} of --train-per-class, "
                "so that one is left for validation; add images or ask for fewer"
            )
        found.sort(key=lambda image: _hash(image.name, seed))
        chosen += found[:train]
        validation += found[train:][:most_validation]
    return chosen, validation


def _kept(images: int, fraction: float) -> int:
    return min(max(math.floor(fraction * images + 0.5), 1), images - 1)


def _hash(name: str, seed: int) -> bytes:
    return hashlib.sha256(os.fsencode(f"{seed}:{name}")).digest()
