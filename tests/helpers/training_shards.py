"""Small photographs in shards, and the crops of an epoch of them."""

import io
from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from PIL import Image

from components.datasets.layouts import IMAGENET, Layout
from components.datasets.record_index import index_of
from components.training.input_pipeline import Augmentation, Source, training_crops
from models.untuned import elements

MEAN = (120.0, 110.0, 100.0)
SIZE = 32


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def constant(grey: int) -> bytes:
    """Of one grey level, and of a size that depends on it."""
    return png(np.full((34 + grey % 5, 40 - grey % 7, 3), grey, np.uint8))


def texture(seed: int, height: int = 48, width: int = 40) -> bytes:
    return png(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def source_of(folder, shards: list[list[tuple[bytes, int]]], layout: Layout = IMAGENET) -> Source:
    """Shards of (photograph, label as written)."""
    files = []
    for number, shard in enumerate(shards):
        files.append(str(folder / f"train-{number:05d}-of-{len(shards):05d}"))
        with tf.io.TFRecordWriter(files[-1]) as writer:
            for encoded, label in shard:
                example = tf.train.Example()
                example.features.feature[layout.image].bytes_list.value.append(encoded)
                example.features.feature[layout.label].int64_list.value.append(label)
                writer.write(example.SerializeToString())
    return Source(index_of(files), layout)


def augmentation(mean=MEAN, seed: int = 0, scales=(SIZE, 40), colours=None) -> Augmentation:
    return Augmentation(scales=scales, size=SIZE, mean_rgb=mean, colours=colours, seed=seed)


def crops_of_epoch(source: Source, epoch: int = 0, first: int = 0, **drawn) -> list[tuple]:
    """(crop, class, place) each."""
    return list(elements(training_crops(source, augmentation(**drawn), epoch, first)))


def crops_of_epochs(source: Source, wanted: list[tuple[int, int]], **drawn) -> list[list[tuple]]:
    """`crops_of_epoch` of each (epoch, first place), out of one iterator as in a training.

    To make an iterator ready takes seconds.
    """
    held = augmentation(**drawn)
    numbered = np.array([(number, *pair) for number, pair in enumerate(wanted)])

    def of_one(row):
        crops = training_crops(source, held, row[1], row[2])
        return crops.map(lambda *crop: (row[0], *crop))

    found = [[] for _ in wanted]
    for number, *crop in elements(tf.data.Dataset.from_tensor_slices(numbered).flat_map(of_one)):
        found[number].append(tuple(crop))
    return found


def greys(crops: Iterable[tuple]) -> list[int]:
    """The upper left pixel's red, of each."""
    return [round(float(crop[0, 0, 0])) for crop, *_ in crops]
