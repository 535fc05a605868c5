"""What a data set holds, as far as a second or two tells: images, classes, and how large the images are."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from components.datasets.example_keys import layout_of_shards
from components.datasets.layouts import Layout
from components.datasets.manifest import MANIFEST
from components.datasets.record_framing import check_heads, compression_of
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, VALIDATION, find_shards, listed_classes
from models.errors import InputError
from models.quiet_imports import quiet_imports

SHARDS_LOOKED_INTO = 16
IMAGES_OF_EACH = 16


@dataclass(frozen=True)
class Glance:
    """A data set at a glance.

    Attributes:
        classes: how many; None where nothing beside the shards says it.
        images: by split, as the manifests call them: train, validation.
        shorter_sides: of some training images, pixels, sorted.
    """

    classes: int | None
    images: dict[str, int]
    shorter_sides: tuple[int, ...]

    def side_that_most_reach(self, share: float) -> int:
        """The shorter side that this share of the images, 0..1, has or exceeds, pixels."""
        return int(np.quantile(self.shorter_sides, 1 - share, method="lower"))


def glance(folder: Path) -> Glance:
    """Reads the heads of all records, and of a few training images of some shards their size.

    Raises:
        InputError: the folder is no data set, a file is damaged, or none of the images looked at has a size.
    """
    splits = {split.key: find_shards(str(folder), split) for split in (TRAINING, VALIDATION)}
    for files in splits.values():
        check_heads(files)
    train = splits[TRAINING.key]
    layout = layout_of_shards(train, f"data folder {folder}")
    step = -(-len(train) // SHARDS_LOOKED_INTO)
    sides = sorted(side for file in train[::step] for side in _shorter_sides(file, layout))
    if not sides:
        raise InputError(
            f"data folder {folder}: none of the first {IMAGES_OF_EACH} images of each shard looked into is a "
            "JPEG or PNG file; `vgg data check` says what is wrong with each"
        )
    return Glance(listed_classes(str(folder)), _counts(folder, splits), tuple(sides))


def _counts(folder: Path, splits: dict[str, list[str]]) -> dict[str, int]:
    """As listed, else counted."""
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["splits"]
        return {key: int(listed[key]["images"]) for key in splits}
    except (OSError, ValueError, KeyError, TypeError):
        return {key: len(index_of(files)) for key, files in splits.items()}


def _shorter_sides(file: str, layout: Layout) -> list[int]:
    with quiet_imports():
        import tensorflow as tf

        from models.untuned import elements

    found = []
    records = tf.data.TFRecordDataset(file, compression_of(file)).take(IMAGES_OF_EACH)
    for record in elements(records):
        values = tf.train.Example.FromString(record).features.feature[layout.image].bytes_list.value
        try:
            with Image.open(io.BytesIO(values[0])) as image:
                found.append(min(image.size))
        except (OSError, IndexError, Image.DecompressionBombError):
            continue
    return found
