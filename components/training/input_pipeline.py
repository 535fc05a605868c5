"""Training crops and validation crops from TFRecords (section 3.1), with tf.data.

An epoch's order is a permutation of all images, drawn from the experiment's seed and the epoch. Each crop's
randomness comes from a stateless seed of (experiment seed, epoch, position). So a run can be repeated, and
resumed at any position.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.datasets.layouts import Layout
from components.datasets.record_index import RecordIndex
from components.training.answers import CLASSES, Answers
from components.training.record_reader import records_in_order
from models import images, undecodable
from models.as_written import as_written
from models.colour_shift import colour_shift
from models.training_crop import CropPlace, DecodedCrop, decode_crop, resample

DECODED_TOGETHER = 32  # see models.undecodable.decode_each


@dataclass(frozen=True)
class Source:
    """Where examples are read.

    Attributes:
        records: TFRecord files and where each of their records lies.
        layout: the records' keys.
        answers: what is made of each record.
    """

    records: RecordIndex
    layout: Layout
    answers: Answers = CLASSES


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


def training_crops(
    source: Source, augmentation: Augmentation, epoch: int | tf.Tensor, first: int | tf.Tensor = 0
) -> tf.data.Dataset:
    """(float32 [size, size, 3], answer, int64 place) of one epoch, in a random order.

    Epoch and first place may be tensors, int64, so that one iterator serves all epochs: see batches.py. The
    place is the image's in that order; those before `first` are skipped without decoding them. Images that do
    not decode are left out; any other error, such as of a damaged record, is raised.
    """

    def parsed(place, record):
        return place, *source.answers.parse(record, source.layout)

    def decoded(place, image, known):
        seed = seed_of(augmentation, epoch, place)
        crop = decode_crop(image, scales=augmentation.scales, size=augmentation.size, seed=seed)
        return place, crop, source.answers.of_crop(image, known, crop.place, crop.mirrored)

    def augmented(place, crop, answer):
        return _augment(crop, augmentation, seed_of(augmentation, epoch, place)), answer, place

    records = len(source.records)
    order = tf.numpy_function(lambda epoch: epoch_order(records, augmentation, epoch), [epoch], tf.int64)
    order = tf.ensure_shape(order, [records])[first:]
    places = tf.data.Dataset.range(first, records)
    in_order = tf.data.Dataset.zip(places, records_in_order(source.records, order))
    return _decode_each(in_order.map(as_written(parsed)), decoded, augmented)


def validation_crops(source: Source, *, side: int, size: int, mean_rgb: Sequence[float]) -> tf.data.Dataset:
    """The centre crop of each image rescaled to `side`: the measure of progress during training.

    The errors that are reported come from the Evaluator's dense evaluation.
    """

    def decoded(image, known):
        pixels = images.decode(image)
        scaled = images.scaled_size(tf.shape(pixels)[:2], side)
        place = CropPlace(scaled, (scaled - size) // 2)
        answer = source.answers.of_crop(image, known, place, tf.constant(False))
        return images.shortened(pixels), answer

    def centre(image, answer):
        crop = tf.image.resize_with_crop_or_pad(images.rescale(image, side), size, size)
        return images.subtract_mean(crop, tf.constant(mean_rgb)), answer

    in_order = records_in_order(source.records, np.arange(len(source.records)))
    parsed = in_order.map(as_written(lambda record: source.answers.parse(record, source.layout)))
    return _decode_each(parsed, decoded, centre)


def epoch_order(images: int, augmentation: Augmentation, epoch: int) -> np.ndarray:
    """int64 [images]: which record is the epoch's first, second, and so on; each once."""
    return np.random.default_rng(_epoch_seed(augmentation, epoch)).permutation(images)


def seed_of(augmentation: Augmentation, epoch: int, place: tf.Tensor) -> tf.Tensor:
    """The stateless seed, int64 [2], of the image at a place of an epoch."""
    return tf.stack([tf.cast(_epoch_seed(augmentation, epoch), tf.int64), place])


def _decode_each(parsed: tf.data.Dataset, decoded: Callable, then: Callable) -> tf.data.Dataset:
    return undecodable.decode_each(parsed, decoded, then, at_once=tf.data.AUTOTUNE, together=DECODED_TOGETHER)


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
