"""PASCAL VOC's classification task, whose images show several classes, as a data set like every other.

Below the folder of a year lie ImageSets/Main/SET.txt, a name a line; JPEGImages/NAME.jpg; and
Annotations/NAME.xml, which names each object, its box, and whether it is difficult: such an object counts
neither way. An image's label in the records is the class of its largest object that is not difficult; the
labels of all objects stand with their boxes (components.transfer.described reads them).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from components.datasets import tfrecords
from components.datasets.image_files import stamp_of
from components.datasets.inspection import FORMATS
from components.datasets.manifest import Category, DataSet
from components.datasets.tfrecords import Box, Picture, Plan, Split, Watcher
from components.datasets.voc_annotation import Thing, in_fractions, parse_annotation
from models.errors import InputError, cause_of

# To be raised with every change that alters a record.
VERSION = 1
IMAGES_PER_SHARD = 500


@dataclass(frozen=True)
class Annotated:
    """One image: its file, its size in pixels as the annotation has it, and its objects."""

    path: Path
    width: int
    height: int
    things: tuple[Thing, ...]

    @property
    def main(self) -> str:
        """The class of its largest object, of those that are not difficult if there are any."""
        return max(self.things, key=lambda thing: (not thing.difficult, thing.area)).name


def write_voc(
    year: Path, out: Path, *, train: str, test: str, seed: int = 0, watcher: Watcher | None = None
) -> DataSet:
    """Writes the sets `train` and `test`, as training and validation, unless they are already there.

    Args:
        year: the folder, such as VOCdevkit/VOC2007.
        out: of the data set.
        train, test: names of files in ImageSets/Main, such as trainval and test.
        seed: of the images' order.
        watcher: is told of progress.

    Raises:
        InputError: a set, an image or an annotation is missing or cannot be read, or `out` holds something
            else or cannot be written.
    """
    sets = {"train": _images(year, train), "validation": _images(year, test)}
    names = sorted({thing.name for images in sets.values() for image in images for thing in image.things})
    labels = {name: label for label, name in enumerate(names, start=1)}
    missing = set(names) - {thing.name for image in sets["train"] for thing in image.things}
    if missing:
        raise InputError(
            f"{year}: no object of class {min(missing)} in set {train}; expected one of each class"
        )
    parameters = {
        "generator": "vgg data voc",
        "version": VERSION,
        "train": train,
        "test": test,
        "seed": seed,
        "files_sha256": [_digest(images) for images in sets.values()],
    }
    return tfrecords.write(
        out,
        parameters,
        lambda: Plan(
            [Category(name, name) for name in names], [_split(*each, seed) for each in sets.items()]
        ),
        lambda image: _picture(image, labels),
        watcher=watcher,
    )


def _images(year: Path, name: str) -> list[Annotated]:
    path = year / "ImageSets" / "Main" / f"{name}.txt"
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read ({cause_of(error)}); expected the names of a set's images; name the "
            "folder of a year, such as VOCdevkit/VOC2007, and its sets"
        ) from None
    found = [_annotated(year, line.split()[0]) for line in lines if line.strip()]
    if not found:
        raise InputError(f"{path}: no images; expected a name a line")
    return found


def _annotated(year: Path, name: str) -> Annotated:
    path = year / "Annotations" / f"{name}.xml"
    try:
        found = parse_annotation(path.read_bytes())
        if not found.things or not all(thing.in_order for thing in found.things):
            raise ValueError("no object, or one with its corners in another order")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: is no annotation ({cause_of(error)}); expected its size and named objects with boxes"
        ) from None
    return Annotated(year / "JPEGImages" / f"{name}.jpg", found.width, found.height, found.things)


def _split(name: str, images: Sequence[Annotated], seed: int) -> Split:
    order = np.random.default_rng([seed, name == "train"]).permutation(len(images))
    shards = max(round(len(images) / IMAGES_PER_SHARD), 1)
    return Split(name, [images[index] for index in order], shards)


def _picture(image: Annotated, labels: dict[str, int]) -> Picture:
    try:
        encoded = image.path.read_bytes()
        with Image.open(BytesIO(encoded)) as opened:
            opened.load()
            kind, mode, channels = opened.format, opened.mode, len(opened.getbands())
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(
            f"{image.path}: cannot be read ({cause_of(error)}); expected an image; unpack the archive again"
        ) from None
    return Picture(
        encoded=encoded,
        label=labels[image.main],
        filename=image.path.name,
        height=image.height,
        width=image.width,
        format=FORMATS[kind],
        colorspace="Grayscale" if mode == "L" else "RGB",
        channels=channels,
        boxes=tuple(_box(thing, image, labels) for thing in image.things),
    )


def _box(thing: Thing, image: Annotated, labels: dict[str, int]) -> Box:
    """Cut off at the image's edge."""
    sides = in_fractions(thing.corners, image.width, image.height)
    return Box(*(min(max(side, 0.0), 1.0) for side in sides), labels[thing.name], thing.difficult)


def _digest(images: Sequence[Annotated]) -> str:
    digest = hashlib.sha256()
    for image in images:
        try:
            digest.update(stamp_of(image.path, image.path.name).encode())
        except OSError as error:
            raise InputError(
                f"{image.path}: {error.strerror}; expected the image of that annotation"
            ) from None
        digest.update(repr((image.width, image.height, image.things)).encode())
    return digest.hexdigest()
