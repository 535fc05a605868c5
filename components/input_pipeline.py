"""Training crops and validation crops from the ExampleGen's TFRecords (section 3.1), with tf.data.

Each crop's randomness comes from a stateless seed of (experiment seed, epoch, position), so a run can be
repeated, and resumed at any position.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.features import Layout
from models import images
from models.colour_shift import colour_shift

SHUFFLE_BYTES = 512 << 20
MEAN_PHOTOGRAPH_BYTES = 110 << 10  # of ImageNet; the buffer holds encoded photographs
INTERLEAVED_FILES = 16


@dataclass(frozen=True)
class Source:
    """Where examples are read.

    Attributes:
        files: gzipped TFRecords.
        layout: their keys.
        images: how many examples they hold.
    """

    files: tuple[str, ...]
    layout: Layout
    images: int


@dataclass(frozen=True)
class Augmentation:
    """What is drawn anew for each image and use.

    Attributes:
        scales: the range of S, pixels.
        size: side of the crop, pixels.
        mean_rgb: of the training set, grey levels; subtracted.
        colours: models.colour_shift.principal_components, or None for no colour shift.
        seed: of all of it.
    """

    scales: tuple[int, int]
    size: int
    mean_rgb: tuple[float, ...]
    colours: np.ndarray | None
    seed: int


def training_crops(source: Source, augmentation: Augmentation, epoch: int, first: int = 0) -> tf.data.Dataset:
    """(float32 [size, size, 3], int64 class, int64 place) of one epoch, in a random order.

    The place is the image's in that order; those before `first` are skipped without decoding them. Images
    that do not decode are left out.
    """
    seed = augmentation.seed * 1_000_003 + epoch
    shuffled = _shuffle(_records(source, seed=seed), _shuffle_images(source), seed)

    def crop(place, record):
        image, label = _parse(record, source.layout)
        drawn = _augment(images.decode(image), augmentation, tf.stack([tf.cast(seed, tf.int64), place]))
        return drawn, label, place

    in_order = shuffled.enumerate().skip(first)
    return in_order.map(crop, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()


def validation_crops(source: Source, *, side: int, size: int, mean_rgb: Sequence[float]) -> tf.data.Dataset:
    """The centre crop of each image rescaled to `side`: the measure of progress during training.

    The errors that are reported come from the Evaluator's dense evaluation.
    """

    def crop(record):
        image, label = _parse(record, source.layout)
        scaled = images.rescale(images.decode(image), side)
        centre = tf.image.resize_with_crop_or_pad(scaled, size, size)
        return images.subtract_mean(centre, tf.constant(mean_rgb)), label

    return _records(source, seed=None).map(crop, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()


def count_records(files: Sequence[str]) -> int:
    """Number of records; reads the files once, without parsing them."""
    records = tf.data.TFRecordDataset(files, "GZIP", num_parallel_reads=2).batch(256)
    return int(records.reduce(tf.constant(0, tf.int64), lambda n, batch: n + tf.size(batch, tf.int64)))


def _augment(image: tf.Tensor, augmentation: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    crop = images.training_crop(image, scales=augmentation.scales, size=augmentation.size, seed=seed)
    crop = images.subtract_mean(crop, tf.constant(augmentation.mean_rgb))
    if augmentation.colours is None:
        return crop
    # Another seed than the crop's, or the colour would depend on the place.
    return crop + colour_shift(augmentation.colours, seed + tf.constant([1 << 40, 0], tf.int64))


def _records(source: Source, seed: int | None) -> tf.data.Dataset:
    files = tf.data.Dataset.from_tensor_slices(list(source.files))
    if seed is not None:
        files = _shuffle(files, len(source.files), seed)
    return files.interleave(
        lambda file: tf.data.TFRecordDataset(file, "GZIP"),
        cycle_length=INTERLEAVED_FILES,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )


def _shuffle(dataset: tf.data.Dataset, buffer: int, seed: int) -> tf.data.Dataset:
    """The same order each time that the dataset is read: a resumed epoch must go on with the same images."""
    return dataset.shuffle(buffer, seed=seed, reshuffle_each_iteration=False)


def _shuffle_images(source: Source) -> int:
    return max(1, min(source.images, SHUFFLE_BYTES // MEAN_PHOTOGRAPH_BYTES))


def _parse(record: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    spec = {
        layout.image: tf.io.FixedLenFeature([], tf.string),
        layout.label: tf.io.FixedLenFeature([], tf.int64),
    }
    parsed = tf.io.parse_single_example(record, spec)
    return parsed[layout.image], parsed[layout.label] - layout.first_label
