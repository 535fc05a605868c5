"""Finds photographs that are there more than once: the same pixels, whatever the file's name, format or EXIF.

A photograph scaled or compressed again has other pixels and is not found.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from components.datasets.inspection import Photograph, Pixels

IN_ONE_CLASS, IN_TWO_CLASSES, IN_BOTH_SPLITS = "in one class", "in two classes", "in both splits"


@dataclass(frozen=True)
class Repeated:
    """A photograph that is left out: its name, why, and which of the three kinds it is."""

    file: str
    reason: str
    kind: str


def without_repeated(
    train: Sequence[Photograph], validation: Sequence[Photograph]
) -> tuple[list[Photograph], list[Photograph], list[Repeated]]:
    """What is left of both splits, and what is left out, by name.

    In one class, the one with the shortest name is kept. Of a photograph in two classes none is kept, as
    nothing tells which label is right. One that is in both splits is left out of training: a validation error
    is not to be measured on what was trained on, and the validation images stay those that others measure on.
    """
    groups: dict[Pixels, list[Photograph]] = defaultdict(list)
    for photograph in (*train, *validation):
        groups[photograph.pixels].append(photograph)
    held_out = {photograph.name for photograph in validation}
    repeated = [one for group in groups.values() if len(group) > 1 for one in _left_out(group, held_out)]
    names = {one.file for one in repeated}
    kept = [[one for one in split if one.name not in names] for split in (train, validation)]
    return *kept, sorted(repeated, key=lambda one: one.file)


def _left_out(group: Sequence[Photograph], held_out: set[str]) -> list[Repeated]:
    """Of photographs that look the same."""
    if len({one.category for one in group}) > 1:
        return [_of_two_classes(one, group) for one in group]
    ordered = sorted(group, key=lambda one: (one.name not in held_out, len(one.name), one.name))
    kept, *others = ordered
    return [
        Repeated(
            one.name,
            f"is {kept.name} again",
            IN_BOTH_SPLITS if (one.name in held_out) != (kept.name in held_out) else IN_ONE_CLASS,
        )
        for one in others
    ]


def _of_two_classes(photograph: Photograph, group: Sequence[Photograph]) -> Repeated:
    other = min(one.name for one in group if one.category != photograph.category)
    return Repeated(photograph.name, f"is {other}, of another class", IN_TWO_CLASSES)
