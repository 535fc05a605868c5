"""Batches of all epochs, and of all passes over the held-out images, out of one dataset each.

To make an iterator ready takes as long as thousands of small images: with the crops of section 3.1, 4.6 s of
processor time an epoch where each had an iterator of its own, and 0.04 s where they share one (2026-11-28).
"""

from collections.abc import Callable

import tensorflow as tf

from components.training.objective import FILLER
from models.as_written import as_written

Epoch = Callable[[tf.Tensor, tf.Tensor], tf.data.Dataset]
"""(epoch, place of the first image wanted), int64, to a dataset of (crop, answer, place); an answer is what
the objective compares the network's outputs with, such as a class."""


def training_batches(
    epoch: Epoch, *, size: int, steps: int, first: int, done: int, place: int, end: int
) -> tf.data.Dataset:
    """Whole batches of the epochs `first` to `end` - 1, at most `steps` of each.

    Beside crops and answers stand, for each image, int64 [size, 2]: the epoch and the batch's last place in
    it, so that every replica of every worker knows where training goes on; and int64 [size]: its own row in
    the batch, so that dropout knows it whatever the split.

    Args:
        epoch: see Epoch.
        size: images of a batch.
        steps: batches of an epoch.
        first, end: the range of epochs.
        done: batches of the first epoch that were trained on already.
        place: of the first image wanted of the first epoch.
    """

    def of_epoch(number):
        is_first = tf.equal(number, first)
        crops = epoch(number, tf.where(is_first, tf.constant(place, tf.int64), 0))

        def with_rows(crops, answers, places):
            last = tf.repeat([[number, tf.reduce_max(places)]], size, axis=0)
            return crops, answers, last, tf.range(size, dtype=tf.int64)

        batches = crops.batch(size, drop_remainder=True).map(with_rows)
        return batches.take(steps - tf.where(is_first, tf.constant(done, tf.int64), 0))

    return tf.data.Dataset.range(first, end).flat_map(as_written(of_epoch))


def validation_batches(crops: tf.data.Dataset, *, size: int, passes: int) -> tf.data.Dataset:
    """`passes` times the batches of all held-out images; int64 [size], the pass, beside crops and
    answers.

    All are of `size` images, so that each replica has its share of each: the last batch of a pass is filled
    up with FILLER.
    """

    def of_pass(number):
        def filled(crops, answers):
            missing = size - tf.shape(answers)[0]
            crops = tf.pad(crops, [[0, missing], [0, 0], [0, 0], [0, 0]])
            others = [[0, 0]] * (answers.shape.rank - 1)
            answers = tf.pad(answers, [[0, missing], *others], constant_values=FILLER)
            return (
                tf.ensure_shape(crops, [size, None, None, None]),
                tf.ensure_shape(answers, [size, *answers.shape[1:]]),
                tf.fill([size], number),
            )

        return crops.batch(size).map(filled)

    return tf.data.Dataset.range(passes).flat_map(as_written(of_pass))
