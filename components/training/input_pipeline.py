"""Training crops and validation crops from the ExampleGen's TFRecords (section 3.1), with tf.data.

Each crop's randomness comes from a stateless seed of (experiment seed, epoch, position), so a run can be
repeated, and resumed at any position.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.datasets.layouts import Layout
from models import images
from models.colour_shift import colour_shift
from models.training_crop import DecodedCrop, decode_crop, resample

SHUFFLE_BYTES = 512 << 20  # of encoded photographs in the buffer
# Read side by side, so that shards sorted by class mix: one image of each in turn. Fewer than the usual limit
# of 1024 open files. Measured with 512: 88 MB and some 700 threads, nearly all asleep.
INTERLEAVED_FILES = 512
READING_THREADS = 4
DECODED_TOGETHER = 8  # see models.images.decode_each


@dataclass(frozen=True)
class Source:
    """Where examples are read.

    Attributes:
        files: TFRecords, gzipped where the name ends in .gz.
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
    that do not decode are left out; any other error, such as of a damaged record, is raised.
    """

    def parsed(place, record):
        return place, *parse(record, source.layout)

    def decoded(place, image, label):
        seed = seed_of(augmentation, epoch, place)
        crop = decode_crop(image, scales=augmentation.scales, size=augmentation.size, seed=seed)
        return place, crop, label

    def augmented(place, crop, label):
        return _augment(crop, augmentation, seed_of(augmentation, epoch, place)), label, place

    in_order = shuffled_records(source, augmentation, epoch).enumerate().skip(first).map(parsed)
    return _decode_each(in_order, decoded, augmented)


def validation_crops(source: Source, *, side: int, size: int, mean_rgb: Sequence[float]) -> tf.data.Dataset:
    """The centre crop of each image rescaled to `side`: the measure of progress during training.

    The errors that are reported come from the Evaluator's dense evaluation.
    """

    def decoded(image, label):
        return images.shortened(images.decode(image)), label

    def centre(image, label):
        crop = tf.image.resize_with_crop_or_pad(images.rescale(image, side), size, size)
        return images.subtract_mean(crop, tf.constant(mean_rgb)), label

    parsed = _records(source, seed=None).map(lambda record: parse(record, source.layout))
    return _decode_each(parsed, decoded, centre)


def shuffled_records(source: Source, augmentation: Augmentation, epoch: int) -> tf.data.Dataset:
    """The epoch's records, strings, in its order."""
    seed = _epoch_seed(augmentation, epoch)
    return _shuffle(_records(source, seed=seed), _shuffle_images(source), seed)


def seed_of(augmentation: Augmentation, epoch: int, place: tf.Tensor) -> tf.Tensor:
    """The stateless seed, int64 [2], of the image at a place of an epoch."""
    return tf.stack([tf.constant(_epoch_seed(augmentation, epoch), tf.int64), place])


def parse(record: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    """(encoded photograph, class 0..classes-1) of one record."""
    spec = {
        layout.image: tf.io.FixedLenFeature([], tf.string),
        layout.label: tf.io.FixedLenFeature([], tf.int64),
    }
    parsed = tf.io.parse_single_example(record, spec)
    return parsed[layout.image], parsed[layout.label] - layout.first_label


def _decode_each(parsed: tf.data.Dataset, decoded: Callable, then: Callable) -> tf.data.Dataset:
    return images.decode_each(parsed, decoded, then, at_once=tf.data.AUTOTUNE, together=DECODED_TOGETHER)


def _epoch_seed(augmentation: Augmentation, epoch: int) -> int:
    return augmentation.seed * 1_000_003 + epoch


def _augment(decoded: DecodedCrop, augmentation: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    crop = resample(decoded, size=augmentation.size)
    mean = tf.constant(augmentation.mean_rgb, tf.float32)
    if augmentation.colours is None:
        return images.subtract_mean(crop, mean)
    # Another seed than the crop's, or the colour would depend on the place.
    shift = colour_shift(augmentation.colours, seed + tf.constant([1 << 40, 0], tf.int64))
    return images.subtract_mean(crop, mean - shift)  # one pass over the pixels for both


def _records(source: Source, seed: int | None) -> tf.data.Dataset:
    files = _files(source.files)
    return _interleave(files if seed is None else _shuffle(files, len(source.files), seed))


def _files(files: Sequence[str]) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(
        (list(files), ["GZIP" if file.endswith(".gz") else "" for file in files])
    )


def _interleave(files: tf.data.Dataset) -> tf.data.Dataset:
    return files.interleave(
        lambda file, compression: tf.data.TFRecordDataset(file, compression),
        cycle_length=INTERLEAVED_FILES,
        num_parallel_calls=READING_THREADS,
        deterministic=True,
    )


def _shuffle(dataset: tf.data.Dataset, buffer: int, seed: int) -> tf.data.Dataset:
    """The same order each time that the dataset is read: a resumed epoch must go on with the same images."""
    return dataset.shuffle(buffer, seed=seed, reshuffle_each_iteration=False)


def _shuffle_images(source: Source) -> int:
    """As many as SHUFFLE_BYTES hold: photographs of a camera are 50 times those of ImageNet."""
    written = sum(tf.io.gfile.stat(file).length for file in source.files)
    return max(1, min(source.images, source.images * SHUFFLE_BYTES // max(1, written)))
