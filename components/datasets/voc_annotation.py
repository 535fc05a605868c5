"""One annotation in PASCAL VOC's XML: its image's size, and the objects in it with their boxes.

VOC counts pixels from 1, and a box's last pixel is inside: a box round the whole of an image of 50 x 40
pixels is 1, 1, 50, 40.
"""

import math
from dataclasses import dataclass
from xml.etree import ElementTree

Corners = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax."""


@dataclass(frozen=True)
class Thing:
    """One object: its class; its corners in pixels, from 1; whether it is difficult."""

    name: str
    corners: Corners
    difficult: bool

    @property
    def area(self) -> float:
        """In pixels."""
        left, top, right, bottom = self.corners
        return (right - left) * (bottom - top)

    @property
    def in_order(self) -> bool:
        """Whether its left and upper sides are not behind the others."""
        left, top, right, bottom = self.corners
        return left <= right and top <= bottom


@dataclass(frozen=True)
class Annotation:
    """Width and height of the image in pixels as the annotation has them, and its objects."""

    width: int
    height: int
    things: tuple[Thing, ...]


def parse_annotation(content: bytes) -> Annotation:
    """Of a file's bytes.

    Raises:
        ValueError: it is no XML, has no size, or an object without a name or the four numbers of a box.
    """
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise ValueError(f"is no XML: {error}") from None
    try:
        width, height = (int(root.findtext(f"size/{side}")) for side in ("width", "height"))
    except (TypeError, ValueError):
        width = height = 0
    if min(width, height) < 1:
        raise ValueError("has no size of its image")
    return Annotation(width, height, tuple(_thing(each) for each in root.iterfind("object")))


def in_fractions(corners: Corners, width: int, height: int) -> Corners:
    """Left, top, right and bottom in fractions of an image's sides, not cut off at its edge."""
    left, top, right, bottom = corners
    return (left - 1) / width, (top - 1) / height, right / width, bottom / height


def _thing(element: ElementTree.Element) -> Thing:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise ValueError("has an object without a name")
    try:
        sides = (element.findtext(f"bndbox/{side}") for side in ("xmin", "ymin", "xmax", "ymax"))
        corners = tuple(float(side) for side in sides)
    except (TypeError, ValueError):
        corners = (math.nan,)
    if not all(map(math.isfinite, corners)):
        raise ValueError(f"has an object ({name}) without the four numbers of a box")
    return Thing(name, corners, (element.findtext("difficult") or "0").strip() == "1")
