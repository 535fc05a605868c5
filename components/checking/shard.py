"""One shard looked at from its first byte to its last, and what was found, as files of the work's folder.

Findings are a row of 44 bytes for each image, and lists of what is wrong. They lie on disk, a few files for
each shard, so that workers hand over no more than a path, and no pixels outlive their batch.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice

import numpy as np

from components.checking.boxes import BoxSums
from components.checking.examples import LabelledPhotograph, WrongExample, parse
from components.checking.images import Look, colour_mode, look
from components.datasets.inspection import why_undecodable
from components.datasets.layouts import Layout
from components.datasets.record_framing import HEAD, TAIL
from components.datasets.record_salvage import Damage, Record, salvage
from models.in_order import in_order
from models.pixel_moments import MOMENTS

TOGETHER = 16
AHEAD = 8  # batches: of ImageNet's photographs, 14 MB
ROW = np.dtype(
    [
        ("pixels", "<i8"),
        ("offset", "<i8"),
        ("record", "<i8"),
        ("height", "<i4"),
        ("width", "<i4"),
        ("label", "<i4"),
        ("shard", "<i4"),
        ("mode", "u1"),
        ("orientation", "u1"),
        ("training", "?"),
        ("decodes", "?"),
    ]
)
"""An image; height and width are 0 where it does not decode."""

SUMMARY, ROWS, NAMES = "json", "rows", "names"
"""Suffixes of a shard's files; the names of the images' files lie apart, as few of them are needed."""

DAMAGED, ODD, UNDECODABLE, BOX = "damaged", "not of the layout", "undecodable", "box"
Progress = Callable[[int, int], None]
"""Told of images and bytes that are done."""


@dataclass(frozen=True)
class Shard:
    """A file to be looked at: its number among all of them, its path, and whether it is of training."""

    number: int
    path: str
    training: bool


@dataclass(frozen=True)
class Problem:
    """A record that does not count as an image, or not as one that can be trained on.

    Attributes:
        kind: DAMAGED, ODD, UNDECODABLE or BOX.
        record: its number in the shard, from 1.
        offset: where it begins there, bytes.
        what: what is wrong with it.
        file: the photograph's name; empty where it could not be read.
        label: the class, 0..; None likewise.
        unread: bytes from there on that are not read.
        box: of BOX which kind, see components.checking.boxes.
    """

    kind: str
    record: int
    offset: int
    what: str
    file: str = ""
    label: int | None = None
    unread: int = 0
    box: str = ""


@dataclass
class Findings:
    """Of one shard.

    Attributes:
        records: how many begin in it, as far as its heads can be read.
        modes: colour modes, by the number in the rows.
        moments: whole numbers [13], summed over the images that decode; of training alone.
        classes: [label, name, synset, images].
        boxes: of the images' objects.
        problems: what is wrong.
    """

    records: int = 0
    modes: list[str] = field(default_factory=list)
    moments: list[int] = field(default_factory=lambda: [0] * MOMENTS)
    classes: list = field(default_factory=list)
    boxes: BoxSums = field(default_factory=BoxSums)
    problems: list = field(default_factory=list)


def check_shard(shard: Shard, layout: Layout, folder: str, progress: Progress) -> None:
    """Reads a shard and leaves its findings in the folder."""
    found, classes = Findings(), Counter()

    def look_at(ones: Sequence[Record | Damage]):
        return _look_at(ones, layout, moments=shard.training), sum(map(_bytes, ones))

    with (
        open(_path(folder, shard.number, ROWS), "wb") as rows,
        open(_path(folder, shard.number, NAMES), "wb") as names,
    ):
        for results, size in in_order(look_at, _batches(salvage(shard.path)), AHEAD):
            seen = [one for one in results if isinstance(one, _Seen)]
            rows.write(np.array([_row(shard, one, found.modes) for one in seen], ROW).tobytes())
            names.writelines(json.dumps(one.image.name).encode() + b"\n" for one in seen)
            classes.update((one.image.label, one.image.text, one.image.synset) for one in seen)
            _count(found, results)
            progress(len(results), size)
    found.classes = [[*key, count] for key, count in classes.items()]
    _save(_path(folder, shard.number, SUMMARY), json.dumps(asdict(found)).encode())


def read_findings(folder: str, number: int) -> Findings:
    """Of the shard with that number."""
    with open(_path(folder, number, SUMMARY), "rb") as file:
        found = Findings(**json.load(file))
    found.problems = [Problem(**one) for one in found.problems]
    found.boxes = BoxSums(**found.boxes)
    return found


def read_rows(folder: str, number: int) -> np.ndarray:
    """ROW [images] of the shard with that number, in its order."""
    return np.fromfile(_path(folder, number, ROWS), ROW)


def read_names(folder: str, number: int) -> Iterator[str]:
    """Of the images' files, in the order of the rows."""
    with open(_path(folder, number, NAMES), "rb") as file:
        yield from map(json.loads, file)


@dataclass(frozen=True)
class _Seen:
    """An image, its colour mode, and what its decoding came to: a look, or a problem."""

    record: Record
    image: LabelledPhotograph
    mode: str
    look: Look | None
    problem: Problem | None = None


def _look_at(ones: Sequence[Record | Damage], layout: Layout, *, moments: bool) -> list[Problem | _Seen]:
    parsed = [_parsed(one, layout) for one in ones]
    looks = iter(
        look([one.encoded for one in parsed if isinstance(one, LabelledPhotograph)], moments=moments)
    )
    return [
        image if isinstance(image, Problem) else _judged(record, image, next(looks))
        for record, image in zip(ones, parsed, strict=True)
    ]


def _parsed(one: Record | Damage, layout: Layout) -> LabelledPhotograph | Problem:
    if isinstance(one, Damage):
        return Problem(DAMAGED, one.number, one.offset, one.what, unread=one.unread)
    try:
        return parse(one.data, layout)
    except WrongExample as wrong:
        return Problem(ODD, one.number, one.offset, str(wrong))


def _judged(record: Record, image: LabelledPhotograph, seen: Look | None) -> _Seen:
    mode = colour_mode(image.encoded)
    if seen:
        return _Seen(record, image, mode, seen)
    what = why_undecodable(image.encoded)
    problem = Problem(UNDECODABLE, record.number, record.offset, what, image.name, image.label)
    return _Seen(record, image, mode, None, problem)


def _count(found: Findings, results: Sequence[Problem | _Seen]) -> None:
    found.records += len(results)
    for one in results:
        if isinstance(one, _Seen):
            _count_boxes(found, one)
        problem = one if isinstance(one, Problem) else one.problem
        if problem:
            found.problems.append(problem)
        elif one.look.moments is not None:
            found.moments = [a + b for a, b in zip(found.moments, one.look.moments.tolist(), strict=True)]


def _count_boxes(found: Findings, one: _Seen) -> None:
    boxes, image = one.image.boxes, one.image
    if boxes.count:
        found.boxes.add(BoxSums(boxes.count, 1, boxes.count, int(not boxes.own), boxes.whole, boxes.area))
    place = (one.record.number, one.record.offset)
    found.problems += [
        Problem(BOX, *place, each.what, image.name, image.label, box=each.kind) for each in boxes.wrong
    ]


def _row(shard: Shard, one: _Seen, modes: list[str]) -> tuple:
    if one.mode not in modes:
        modes.append(one.mode)
    seen = one.look or Look(height=0, width=0, pixels=0, orientation=1, moments=None)
    place = (one.record.offset, one.record.number, seen.height, seen.width, one.image.label, shard.number)
    decodes = one.look is not None
    return (seen.pixels, *place, modes.index(one.mode), seen.orientation, shard.training, decodes)


def _batches(ones: Iterable[Record | Damage]) -> Iterator[list[Record | Damage]]:
    ones = iter(ones)
    while batch := list(islice(ones, TOGETHER)):
        yield batch


def _bytes(one: Record | Damage) -> int:
    return one.unread if isinstance(one, Damage) else HEAD + len(one.data) + TAIL


def _path(folder: str, number: int, kind: str) -> str:
    return os.path.join(folder, f"{number:06d}.{kind}")


def _save(path: str, content: bytes) -> None:
    """At once or not at all: where it is, the shard is done."""
    with open(f"{path}.part", "wb") as file:
        file.write(content)
    os.replace(f"{path}.part", path)
