"""What is to be written where: each split's images in their final order, as a file that the writers read.

The order is a permutation of all images of the split, drawn from the seed: each shard holds all classes.
"""

import json
import os
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from components.datasets.ilsvrc.boxes import Boxes, read_boxes
from components.datasets.ilsvrc.labelled import Inputs, LabelledMembers, labelled
from components.datasets.ilsvrc.members import Members
from components.datasets.manifest import Category
from components.datasets.tfrecords import Box, Watcher

SPLITS = ("train", "validation")
CLASSES, IMAGES = "classes.json", "{}-images.npz"


@dataclass(frozen=True)
class SplitImages:
    """A split's images in their final order.

    Attributes:
        members: where they lie.
        label: int32 [N], 1..classes.
        order: int64 [N], which of the members is the split's first, second, and so on.
        first_box: int64 [N + 1], of each member, an index into `boxes`.
        boxes: float32 [B, 4], xmin, ymin, xmax, ymax, 0..1.
    """

    members: Members
    label: np.ndarray
    order: np.ndarray
    first_box: np.ndarray
    boxes: np.ndarray

    def boxes_of(self, index: int) -> tuple[Box, ...]:
        """Of one member."""
        rows = self.boxes[self.first_box[index] : self.first_box[index + 1]]
        return tuple(Box(*map(float, row)) for row in rows)


def make_plan(folder: Path, inputs: Inputs, seed: int, watcher: Watcher) -> None:
    """Writes the plan into `folder`: last of all the classes, whose file says that it is complete.

    Raises:
        InputError: an input cannot be used, or they do not belong together.
    """
    categories, *both = labelled(inputs, watcher)
    for number, (split, images, boxes) in enumerate(
        zip(SPLITS, both, (inputs.train_boxes, inputs.val_boxes), strict=True)
    ):
        order = np.random.default_rng([seed, number]).permutation(len(images.label))
        _save(folder / IMAGES.format(split), _with_boxes(images, order, read_boxes(boxes) if boxes else {}))
    unfinished = folder / f".{CLASSES}"
    unfinished.write_text(json.dumps([asdict(category) for category in categories]), encoding="utf-8")
    os.replace(unfinished, folder / CLASSES)


def is_planned(folder: Path) -> bool:
    """Whether the plan in `folder` is complete."""
    return (folder / CLASSES).exists()


@lru_cache(maxsize=1)  # a process writes shard after shard of one data set
def planned_classes(folder: Path) -> list[Category]:
    """In label order."""
    return [Category(**one) for one in json.loads((folder / CLASSES).read_text(encoding="utf-8"))]


@lru_cache(maxsize=2)
def planned_images(folder: Path, split: str) -> SplitImages:
    """Of one split."""
    with np.load(folder / IMAGES.format(split)) as read:
        content = dict(read)
    members = {one.name: content.pop(one.name) for one in fields(Members)}
    for name in ("groups", "places"):
        members[name] = tuple(map(str, members[name]))
    return SplitImages(Members(**members), **content)


def _save(path: Path, images: SplitImages) -> None:
    content = {**vars(images.members), **vars(images)}
    del content["members"]
    np.savez(path, **{name: np.asarray(value) for name, value in content.items()})


def _with_boxes(images: LabelledMembers, order: np.ndarray, boxes: Boxes) -> SplitImages:
    names = (Path(images.members.name_of(index)).stem for index in range(len(images.label) if boxes else 0))
    found = [boxes.get(name, np.empty([0, 4], np.float32)) for name in names]
    counts = [len(each) for each in found] if boxes else np.zeros(len(images.label), np.int64)
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    rows = np.concatenate([np.empty([0, 4], np.float32), *found])
    return SplitImages(images.members, images.label, order, first, rows)
