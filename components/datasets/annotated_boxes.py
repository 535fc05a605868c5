"""Boxes of photographs that PASCAL VOC's annotations name, looked at before anything is written.

An annotation that cannot be read, or is of an image of another size, is not used, and the photograph is
stored without boxes. An object of a class that the data have not is left out. All of it is told.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.datasets.annotation_files import Matched
from components.datasets.class_names import class_name
from components.datasets.inspection import Photograph
from components.datasets.manifest import BoxAccount, Category
from components.datasets.re_encoding import opened
from components.datasets.tfrecords import Box
from components.datasets.voc_annotation import Annotation, Thing, in_fractions, parse_annotation
from models.errors import cause_of
from models.in_order import in_order
from models.quiet_imports import quiet_imports

UPRIGHT, ORIENTATION = 1, 0x0112
AS_SHOWN, AS_STORED = "as they are shown", "as they are stored"
BACK = {6: 8, 8: 6}
"""Which turn undoes another; the other ones undo themselves."""


@dataclass(frozen=True)
class AnnotatedBoxes:
    """Boxes of a photograph as its file stores it, and how EXIF turns it, 1 to 8."""

    boxes: tuple[Box, ...]
    orientation: int = UPRIGHT

    @property
    def upright(self) -> tuple[Box, ...]:
        """Of the photograph as it looks."""
        return _turned(self.boxes, self.orientation)


def read_boxes(
    photographs: Sequence[Photograph], matched: Matched, categories: Sequence[Category], source: Path
) -> tuple[dict[str, AnnotatedBoxes], BoxAccount]:
    """Boxes by the photographs' names, and what was found out on the way.

    Args:
        photographs: those that are stored.
        matched: their annotations; one at least is read.
        categories: of the data; an object is called as its class's synset or text.
        source: the folder that names are relative to.
    """
    labels = {one.text: label for label, one in enumerate(categories, start=1)}
    labels |= {one.synset: label for label, one in enumerate(categories, start=1)}
    account = BoxAccount(matched.read, not_read=matched.not_read, spare=matched.spare)
    found: dict[str, AnnotatedBoxes] = {}
    reading = _Reading(source, labels, account)
    annotated = sorted((one for one in photographs if one.name in matched.of), key=lambda one: one.name)
    account.without = sorted(one.name for one in photographs if one.name not in matched.of)
    for photograph, result in zip(
        annotated, in_order(lambda one: _read(one, matched.of[one.name]), annotated), strict=True
    ):
        located = reading.judged(photograph, matched.of[photograph.name], result)
        if located:
            found[photograph.name] = located
    return found, account


@dataclass(frozen=True)
class _Frame:
    """A photograph's width and height in pixels as stored, and EXIF's orientation."""

    size: tuple[int, int]
    orientation: int


def _read(photograph: Photograph, path: Path) -> tuple[Annotation, _Frame] | str:
    """Or why not."""
    try:
        annotation = parse_annotation(path.read_bytes())
    except (OSError, ValueError) as error:
        return cause_of(error)
    encoded = photograph.path.read_bytes()
    with opened(encoded) as image:
        size, exif = image.size, image.getexif().get(ORIENTATION, UPRIGHT)
    return annotation, _Frame(size, exif if photograph.mended else _orientation(encoded))


@dataclass(frozen=True)
class _Reading:
    """Notes in an account what it finds."""

    source: Path
    labels: Mapping[str, int]
    account: BoxAccount

    def judged(self, photograph: Photograph, path: Path, read: tuple[Annotation, _Frame] | str):
        """Its boxes; None of an annotation that is not used."""
        name = path.relative_to(self.source).as_posix()
        if isinstance(read, str):
            self.account.wrong.append({"file": name, "reason": read})
            return None
        annotation, frame = read
        said, lies = (annotation.width, annotation.height), frame.orientation >= 5
        shown = frame.size[::-1] if lies else frame.size
        if said not in (frame.size, shown):
            wide, high = frame.size
            reason = f"is of {said[0]} x {said[1]} pixels, and {photograph.name} has {wide} x {high}"
            self.account.wrong.append({"file": name, "reason": reason})
            return None
        boxes = [self._box(number, one, annotation, name) for number, one in enumerate(annotation.things, 1)]
        there = tuple(box for box in boxes if box)
        label = self.labels[photograph.category]
        if not any(box.label == label for box in there):
            self.account.without_own.append(photograph.name)
        if frame.orientation == UPRIGHT:
            return AnnotatedBoxes(there)
        how = AS_STORED if said == frame.size else AS_SHOWN
        self.account.turned[how] = self.account.turned.get(how, 0) + 1
        back = BACK.get(frame.orientation, frame.orientation) if how == AS_SHOWN else UPRIGHT
        return AnnotatedBoxes(_turned(there, back), frame.orientation)

    def _box(self, number: int, thing: Thing, annotation: Annotation, name: str) -> Box | None:
        label = self.labels.get(class_name(thing.name))
        if label is None:
            self.account.unknown[thing.name] = self.account.unknown.get(thing.name, 0) + 1
            return None
        width, height = annotation.width, annotation.height
        left, top, right, bottom = thing.corners
        inside = [min(max(side, 0.0), 1.0) for side in in_fractions(thing.corners, width, height)]
        box = Box(*inside, label, thing.difficult)
        if not thing.in_order:
            box, wrong = None, "has its sides the wrong way round: left out"
        elif box.xmin >= box.xmax or box.ymin >= box.ymax:
            box, wrong = None, "lies outside the image: left out"
        # Many programs count from 0, so that a box at the edge begins there.
        elif min(left, top) < 0 or right > width or bottom > height:
            wrong = "reaches beyond the image: cut off there"
        else:
            return box
        what = f"box {number}, {left:g} {top:g} {right:g} {bottom:g} of {width} x {height} pixels"
        self.account.wrong_boxes.append({"file": name, "reason": f"{what}, {wrong}"})
        return box


def _turned(boxes: Sequence[Box], orientation: int) -> tuple[Box, ...]:
    if orientation == UPRIGHT or not boxes:
        return tuple(boxes)
    with quiet_imports():
        import tensorflow as tf

        from models.localisation.boxes import upright_boxes

    corners = tf.constant([[box.xmin, box.ymin, box.xmax, box.ymax] for box in boxes], tf.float64)
    turned = upright_boxes(corners, tf.constant(orientation)).numpy().tolist()
    names = ("xmin", "ymin", "xmax", "ymax")
    return tuple(
        dataclasses.replace(box, **dict(zip(names, sides, strict=True)))
        for box, sides in zip(boxes, turned, strict=True)
    )


def _orientation(encoded: bytes) -> int:
    with quiet_imports():
        import tensorflow as tf

        from models.exif_orientation import orientation

    return int(orientation(tf.constant(encoded)))
