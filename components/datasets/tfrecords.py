"""A data set on disk in the schema of build_imagenet_data.py (TensorFlow models): shards and a manifest.

The folder is either complete or not there (see staging.py). A complete one is never written again, because
the pipeline's cache looks at the files' modification times.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from components.datasets.layouts import IMAGENET
from components.datasets.manifest import Account, Category, DataSet, SplitReport, existing, save
from components.datasets.staging import staged
from models.in_order import in_order
from models.quiet_imports import quiet_imports

if TYPE_CHECKING:
    import tensorflow as tf

Source = TypeVar("Source")


@dataclass(frozen=True)
class Box:
    """Where an object is.

    Attributes:
        xmin, ymin, xmax, ymax: fractions 0..1 of the picture's width and height.
        label: its class, 1..classes; None: the picture's.
        difficult: whether PASCAL VOC marks it as one that need not be recognised.
    """

    xmin: float
    ymin: float
    xmax: float
    ymax: float
    label: int | None = None
    difficult: bool = False


@dataclass(frozen=True)
class Picture:
    """One encoded photograph.

    Attributes:
        encoded: the bytes of a JPEG or PNG file.
        label: 1..classes.
        filename: without folders.
        height: pixels. width: pixels.
        format: "JPEG" or "PNG", as `encoded` is.
        colorspace: "RGB" or "Grayscale".
        channels: as stored: 1 to 4.
        boxes: empty where they are not known.
        changed: why `encoded` is not the source's own bytes; empty where it is.
    """

    encoded: bytes
    label: int
    filename: str
    height: int
    width: int
    format: str
    colorspace: str
    channels: int
    boxes: tuple[Box, ...] = ()
    changed: str = ""


@dataclass(frozen=True)
class Split:
    """What is to be written: `sources` in their final order, in `shards` runs of nearly equal length."""

    name: str
    sources: Sequence[Any]
    shards: int


@dataclass(frozen=True)
class Plan:
    """A whole data set to be written.

    Attributes:
        categories: in label order; the first has label 1.
        splits: train and validation.
        account: for the manifest.
    """

    categories: Sequence[Category]
    splits: Sequence[Split]
    account: Account = field(default_factory=Account)


class Watcher:
    """Told what happens while a data set is made; this one keeps silent."""

    def begins(self, stage: str, total: int, unit: str = "images") -> None:
        """A stage of `total` sources, or whatever it counts, begins."""

    def step(self, stage: str, total: int, number: int = 1) -> None:
        """`number` of the `total` sources of `stage`, such as the split that is written, are done."""

    def unreadable(self, file: str, reason: str) -> None:
        """A file is left out, as a run would not decode it."""


def write(
    out: Path,
    parameters: dict[str, Any],
    plan: Callable[[], Plan],
    read: Callable[[Source], Picture],
    *,
    accept: Callable[[DataSet], None] = lambda made: None,
    watcher: Watcher | None = None,
) -> DataSet:
    """Writes the data set, unless it is already there.

    Args:
        out: the folder; it must be new or empty, or hold a data set with these parameters.
        parameters: all that the content depends on, as JSON; equal parameters mean an equal data set.
        plan: what to write; called once it is certain that it is not there and that `out` can be written.
        read: source -> picture; called from several threads, its results are written in the sources' order.
        accept: looks at the data set before it gets its name; what it raises leaves no folder behind.
        watcher: is told of progress and unreadable files.

    Raises:
        InputError: `out` holds something else or cannot be written.
    """
    out, watcher = out.resolve(), watcher or Watcher()
    found = existing(out, parameters)
    if found:
        for one in found.account.unreadable:
            watcher.unreadable(one["file"], one["reason"])
        accept(found)
        return found
    with staged(out) as folder:
        planned = plan()
        splits = {
            split.name: _write_split(folder, split, planned.categories, read, watcher)
            for split in planned.splits
        }
        made = DataSet(out, parameters, list(planned.categories), splits, planned.account)
        accept(made)
        save(made, folder)
    return made


def to_example(picture: Picture, categories: Sequence[Category]) -> "tf.train.Example":
    """The tf.Example of one picture; boxes are left out where none is known."""
    category = categories[picture.label - 1]
    values: dict[str, list] = {
        IMAGENET.image: [picture.encoded],
        IMAGENET.label: [picture.label],
        IMAGENET.synset: [os.fsencode(category.synset)],
        IMAGENET.class_text: [os.fsencode(category.text)],
        IMAGENET.filename: [os.fsencode(picture.filename)],
        "image/height": [picture.height],
        "image/width": [picture.width],
        "image/format": [picture.format.encode()],
        "image/colorspace": [picture.colorspace.encode()],
        "image/channels": [picture.channels],
    }
    if picture.boxes:
        for side in ("xmin", "ymin", "xmax", "ymax"):
            values[f"image/object/bbox/{side}"] = [float(getattr(box, side)) for box in picture.boxes]
        values["image/object/bbox/label"] = [box.label or picture.label for box in picture.boxes]
        if any(box.label for box in picture.boxes):
            values["image/object/difficult"] = [int(box.difficult) for box in picture.boxes]
    example = _tensorflow().train.Example()
    for key, value in values.items():
        _fill(example.features.feature[key], value)
    return example


def _fill(feature: "tf.train.Feature", values: list) -> None:
    """In its place: to build features and then the example would copy the photograph twice more."""
    if isinstance(values[0], bytes):
        feature.bytes_list.value.extend(values)
    elif isinstance(values[0], float):
        feature.float_list.value.extend(values)
    else:
        feature.int64_list.value.extend(values)


@cache  # each record asks for it, and even an import that is done redirects standard error
def _tensorflow() -> Any:
    """TensorFlow, imported late: it takes seconds, and --help needs none of it."""
    with quiet_imports():
        import tensorflow

    return tensorflow


def _write_split(
    folder: Path,
    split: Split,
    categories: Sequence[Category],
    read: Callable[[Source], Picture],
    watcher: Watcher,
) -> SplitReport:
    report = SplitReport(per_class={category.synset: 0 for category in categories})
    total = len(split.sources)
    watcher.begins(split.name, total)
    for shard in range(split.shards):
        path = folder / f"{split.name}-{shard:05d}-of-{split.shards:05d}"
        begin, end = (total * edge // split.shards for edge in (shard, shard + 1))
        with record_writer(path) as write_record:
            for picture in in_order(read, split.sources[begin:end]):
                write_record(to_example(picture, categories).SerializeToString(deterministic=True))
                _count(report, picture, categories)
                watcher.step(split.name, total)
        report.shards[path.name] = path.stat().st_size
    return report


@contextmanager
def record_writer(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Appends records to a file; a full disk is an OSError, as everywhere else in Python."""
    tf = _tensorflow()
    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            yield writer.write
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _count(report: SplitReport, picture: Picture, categories: Sequence[Category]) -> None:
    report.images += 1
    report.with_boxes += bool(picture.boxes)
    report.per_class[categories[picture.label - 1].synset] += 1
    if picture.changed:
        report.changed.append({"file": picture.filename, "reason": picture.changed})
