"""A user's photographs as a data set: one folder per class, JPEG and PNG files.

Pixels are stored as they lie in the file, with its EXIF orientation, which models.images.decode applies: a
photograph is trained on, evaluated and served as its viewer shows it.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from components.datasets import tfrecords
from components.datasets.class_folders import Found, Source, categories_of, find
from components.datasets.manifest import Category, DataSet
from components.datasets.tfrecords import Picture, Plan, Split, Unreadable, Watcher
from components.datasets.validation_split import split_within_classes
from models.errors import InputError, cause_of

IMAGES_PER_SHARD = 500
LEAST_SHARDS = {"train": 2, "validation": 1}
# To be raised with every change that alters a record: an older data set is then not taken for a new one.
VERSION = 2
# TensorFlow decodes these; MPO is a JPEG with further pictures behind it, as some cameras write.
FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG"}


@dataclass(frozen=True)
class Options:
    """How folders become a data set.

    Attributes:
        validation_fraction: share of each class's images, 0..1, where there is no folder for validation.
        seed: of that split and of the order of the images.
        class_list: file that fixes the label space, or None: the folders in alphabetical order.
        train_shards: None: one for about every 500 images, at least 2.
        validation_shards: None: one for about every 500 images.
        strict: an unreadable file is an error.
    """

    validation_fraction: float = 0.1
    seed: int = 0
    class_list: Path | None = None
    train_shards: int | None = None
    validation_shards: int | None = None
    strict: bool = False


def write_folders(
    source: Path, out: Path, options: Options | None = None, *, watcher: Watcher | None = None
) -> DataSet:
    """Writes the photographs below `source` into `out`, unless they are already there.

    Raises:
        InputError: `source` is not laid out as described, a class has no readable image to train on, a file
            is unreadable and `strict` is set, or `out` holds something else or cannot be written.
    """
    options = options or Options()
    _check_apart(source, out)
    found = find(source)
    train, validation = _divided(source, found, options)
    categories = categories_of(found.folders, options.class_list)
    labels = {category.synset: label for label, category in enumerate(categories, start=1)}
    splits = [_split("train", train, options), _split("validation", validation, options)]
    return tfrecords.write(
        out,
        Plan(_parameters(splits, categories, options), categories, splits, dict(found.others)),
        lambda file: read(file, labels[file.category]),
        accept=lambda made: _accept(made, found.folders, options.strict),
        watcher=watcher,
    )


def read(file: Source, label: int) -> Picture | Unreadable:
    """One file, decoded once to see that it can be.

    The file's own bytes are kept, except of a CMYK JPEG: TensorFlow reads only RGB and greyscale.
    """
    try:
        encoded = file.path.read_bytes()
        with Image.open(BytesIO(encoded)) as image:
            image.load()
    except Exception as error:  # Pillow's decoders raise about anything for a damaged file
        return Unreadable(file.name, _unusable_because(error))
    if image.format not in FORMATS:
        return Unreadable(file.name, f"is {image.format}, expected JPEG or PNG")
    return _picture(file.path.name, label, encoded, image)


def _picture(name: str, label: int, encoded: bytes, image: Image.Image) -> Picture:
    kind, changed = FORMATS[image.format], ""
    if image.mode == "CMYK":
        image = ImageOps.exif_transpose(image).convert("RGB")
        encoded, changed = _jpeg(image), "CMYK, re-encoded as RGB JPEG of quality 100"
    channels = _channels(image)
    return Picture(
        encoded=encoded,
        label=label,
        filename=name,
        height=image.height,
        width=image.width,
        format=kind,
        colorspace="Grayscale" if channels < 3 else "RGB",
        channels=channels,
        changed=changed,
    )


def _jpeg(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=100, subsampling=0)
    return stream.getvalue()


def _channels(image: Image.Image) -> int:
    """As the file stores them: a palette counts as the colours it stands for."""
    if image.mode == "P":
        return 4 if "transparency" in image.info else 3
    return len(image.getbands())


def _unusable_because(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "is no image"
    return cause_of(error)


def _check_apart(source: Path, out: Path) -> None:
    """The data set must not be looked through as a class folder by the next run."""
    if source.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(
            f"{out}: lies in {source}, the folder of the photographs; expected a place outside it; "
            "choose another --out"
        )


def _divided(source: Path, found: Found, options: Options) -> tuple[Sequence[Source], Sequence[Source]]:
    """Training and validation images.

    Raises:
        InputError: none is left for validation.
    """
    if found.validation is not None:
        return found.train, found.validation
    train, validation = split_within_classes(found.train, options.validation_fraction, options.seed)
    if not validation:
        raise InputError(
            f"{source}: one image in each of {len(train)} classes, so that none is left for validation; "
            "expected two in at least one class; add images, or arrange them as train/CLASS/*.jpg and "
            "val/CLASS/*.jpg"
        )
    return train, validation


def _split(name: str, sources: Sequence[Source], options: Options) -> Split:
    """The split in its final order: drawn by seed, so that no shard holds a single class."""
    asked = options.train_shards if name == "train" else options.validation_shards
    shards = asked or max(round(len(sources) / IMAGES_PER_SHARD), LEAST_SHARDS[name])
    if asked and asked > len(sources):
        raise InputError(
            f"--{name}-shards {asked}: {name} has {len(sources)} images, expected at least one a shard; "
            "ask for fewer shards"
        )
    order = np.random.default_rng([options.seed, name == "train"]).permutation(len(sources))
    return Split(name, [sources[index] for index in order], min(shards, len(sources)))


def _parameters(splits: Iterable[Split], categories: Sequence[Category], options: Options) -> dict[str, Any]:
    return {
        "generator": "vgg data folders",
        "version": VERSION,
        "files_sha256": {split.name: _digest(file.stamp for file in split.sources) for split in splits},
        "classes_sha256": _digest(f"{category.synset}\t{category.text}" for category in categories),
        "shards": {split.name: split.shards for split in splits},
        "seed": options.seed,
    }


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256(b"\n".join(sorted(os.fsencode(line) for line in lines))).hexdigest()


def _accept(made: DataSet, folders: set[str], strict: bool) -> None:
    """Refuses a data set that cannot be trained on. A listed class without a folder is no mistake."""
    per_class = made.splits["train"].per_class
    empty = sorted(synset for synset in folders if not per_class[synset])
    if empty:
        raise InputError(
            f"class {empty[0]!r}: no readable image to train on"
            + (f", nor in {len(empty) - 1} other classes" if len(empty) > 1 else "")
            + "; expected at least one a class; add images or remove the folder"
        )
    unreadable = sum(len(report.unreadable) for report in made.splits.values())
    if strict and unreadable:
        raise InputError(
            f"{unreadable} unreadable files (listed above); --strict expects none; repair or remove them"
        )
