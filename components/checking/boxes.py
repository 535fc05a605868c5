"""The boxes of an image's objects as its record has them, and what is wrong with them (appendix A).

What training does with such boxes is in components.localisation.box_answers: one that reaches beyond the
image is cut off there, and one that then has no area, or has its sides the wrong way round, is left out.
Where the numbers of values do not fit each other, training stops.
"""

from dataclasses import dataclass

import numpy as np

from components.datasets.layouts import BoxKeys, Layout

OUTSIDE, EMPTY, REVERSED, UNCOUNTED = "outside the image", "empty", "reversed", "unequal in number"
ROUNDING = 1e-6
"""Beyond the image's edge, in fractions of its side: what float32 makes of a side divided by itself."""


@dataclass(frozen=True)
class WrongBox:
    """One of the four kinds above, and what is there."""

    kind: str
    what: str


@dataclass(frozen=True)
class Boxes:
    """Of one image.

    Attributes:
        count: how many.
        whole: how many of them have an area in the image.
        area: the shares of the image that these cover, 0..1 each, summed.
        own: whether one of these is of the image's class.
        wrong: each that is.
    """

    count: int = 0
    whole: int = 0
    area: float = 0.0
    own: bool = False
    wrong: tuple[WrongBox, ...] = ()


@dataclass
class BoxSums:
    """Of several images.

    Attributes:
        boxes: how many. images: how many have one. most: in one image.
        without_own: images that have boxes, none of which is of their class.
        whole, area: see Boxes.
    """

    boxes: int = 0
    images: int = 0
    most: int = 0
    without_own: int = 0
    whole: int = 0
    area: float = 0.0

    def add(self, other: "BoxSums") -> None:
        """Other images'."""
        self.boxes += other.boxes
        self.images += other.images
        self.most = max(self.most, other.most)
        self.without_own += other.without_own
        self.whole += other.whole
        self.area += other.area


def boxes_of(feature, layout: Layout, label: int) -> Boxes:
    """Of a tf.Example's features; `label` is the image's class as the layout numbers it."""
    keys = layout.boxes
    if not any(key in feature for key in keys.all):
        return Boxes()
    unlike = _unlike(feature, keys)
    if unlike:
        return Boxes(wrong=(WrongBox(UNCOUNTED, unlike),))
    corners, labels = _corners(feature, keys), feature[keys.label].int64_list.value
    found = [_judged(number, len(corners), each) for number, each in enumerate(corners, start=1)]
    inside = np.clip(corners, 0, 1)
    area = np.maximum(inside[:, 2:] - inside[:, :2], 0).prod(axis=1)
    own = np.array([each == label for each in labels], bool) if labels else np.ones(len(corners), bool)
    return Boxes(
        count=len(corners),
        whole=int((area > 0).sum()),
        area=float(area.sum()),
        own=bool((own & (area > 0)).any()),
        wrong=tuple(each for each in found if each),
    )


def _unlike(feature, keys: BoxKeys) -> str:
    """What keeps values from being boxes at all; empty where nothing does."""
    for key, kind in (*((corner, "float_list") for corner in keys.corners), (keys.label, "int64_list")):
        there = feature[key].WhichOneof("kind") if key in feature else None
        if there not in (None, kind):
            return f"{key} has a {there}; expected a {kind}"
    numbers = {key: len(feature[key].float_list.value) for key in keys.corners if key in feature}
    if len(keys.corners) == 1:
        values = numbers.get(keys.corners[0], 0)
        if values % 4:
            return f"{keys.corners[0]} has {values} values; expected four a box"
        boxes = values // 4
    elif len({numbers.get(key, 0) for key in keys.corners}) > 1:
        has = ", ".join(f"{key.rpartition('/')[2]} {numbers.get(key, 0)}" for key in keys.corners)
        return f"its boxes have unequal numbers of sides: {has}; expected one of each a box"
    else:
        boxes = max(numbers.values(), default=0)
    labels = len(feature[keys.label].int64_list.value) if keys.label in feature else 0
    if labels not in (0, boxes):
        more = "more" if labels > boxes else "fewer"
        return f"{more} labels than boxes: {keys.label} has {labels} values, and there are {boxes} boxes"
    return ""


def _corners(feature, keys: BoxKeys) -> np.ndarray:
    """Left, top, right, bottom, float64 [n, 4]."""
    values = [np.array(feature[key].float_list.value, np.float64) for key in keys.corners]
    return values[0].reshape(-1, 4)[:, [1, 0, 3, 2]] if len(values) == 1 else np.stack(values, axis=1)


def _judged(number: int, of: int, box: np.ndarray) -> WrongBox | None:
    left, top, right, bottom = box
    sides = f"left {left:g}, top {top:g}, right {right:g}, bottom {bottom:g}"
    which = f"box {number} of {of}"
    if not np.isfinite(box).all():
        return WrongBox(OUTSIDE, f"{which} is no box: {sides}")
    if left > right or top > bottom:
        return WrongBox(REVERSED, f"{which} has its sides the wrong way round: {sides}")
    if left == right or top == bottom:
        return WrongBox(EMPTY, f"{which} is empty: {sides}")
    if max(left, top) >= 1 or min(right, bottom) <= 0:
        return WrongBox(OUTSIDE, f"{which} lies outside the image: {sides}{_expected(box)}")
    if min(left, top) < -ROUNDING or max(right, bottom) > 1 + ROUNDING:
        return WrongBox(OUTSIDE, f"{which} reaches beyond the image: {sides}{_expected(box)}")
    return None


def _expected(box: np.ndarray) -> str:
    return "; expected fractions of its sides, not pixels" if np.abs(box).max() > 2 else ""
