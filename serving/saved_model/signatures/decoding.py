"""Encoded images to what the net sees of them, each by itself: a bad one is marked and disturbs no other.

A graph has no try/except, but tf.data has ignore_errors, and a dataset inside a graph travels with it into
the SavedModel. Only decoding and rescaling run there: the network would stay on the CPU, on one thread.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models import image_header, images, scoring
from serving.saved_model.head import Head

# Threads that decode: each may hold a declared 192 MiB, and a progressive JPEG as much again or twice.
DECODERS = 4
# Of an image of most_pixels; a smaller one may have more in proportion. Ten are usual.
MOST_SCANS = 256
DECODED, UNDECODABLE, TOO_LARGE, TOO_MANY_SCANS = range(4)

Views = Sequence[tf.Tensor]
"""For each Q the image as the net sees it: float32 [views, H, W, 3], see models.scoring.views."""


class Prepared(NamedTuple):
    """Images in the order in which they were given.

    Attributes:
        outcomes: int32 [n], DECODED or why not.
        sizes: int64 [n, 2], (H, W): upright where decoded, else as the header declares it.
        boxes: for each Q a variant [n], see `views_of`.
    """

    outcomes: tf.Tensor
    sizes: tf.Tensor
    boxes: list[tf.Tensor]

    def views_of(self, index: tf.Tensor) -> Views:
        """Of one image that was decoded."""
        return [_unboxed(of_q[index]) for of_q in self.boxes]


def prepare(image_bytes: tf.Tensor, head: Head, sides: Sequence[int]) -> Prepared:
    """Decodes `image_bytes`, string [n], and rescales them to each Q in `sides`; inside a tf.function."""
    count = tf.shape(image_bytes)[0]
    images_ = tf.data.Dataset.from_tensor_slices((tf.range(count), image_bytes))
    rows = images_.map(
        lambda index, encoded: (index, *_row(encoded, head, sides)), num_parallel_calls=DECODERS
    ).ignore_errors()
    # A single element of a batch costs 0.4 ms, `reduce` or an iterator 5 to 10 ms. It must not be empty, so
    # a first row stands for all that failed.
    failed = (-1, UNDECODABLE, tf.zeros([2], tf.int64), _boxed(_no_views(sides)))
    batch = tf.data.Dataset.from_tensors(failed).concatenate(rows).batch(tf.cast(count, tf.int64) + 1)
    indices, outcomes, sizes, boxes = batch.get_single_element()
    places = tf.range(1, tf.size(indices))
    row = tf.tensor_scatter_nd_update(tf.zeros([count], tf.int32), indices[1:, tf.newaxis], places)
    return Prepared(tf.gather(outcomes, row), tf.gather(sizes, row), [tf.gather(of_q, row) for of_q in boxes])


def _row(encoded: tf.Tensor, head: Head, sides: Sequence[int]) -> tuple:
    """Outcome, size and boxed views of one image; an error where it does not decode."""
    declared = image_header.declared_shape(encoded)
    outcome = _by_header(encoded, declared, head)
    size, views = tf.cond(
        outcome == DECODED,
        lambda: _decoded(encoded, head, sides),
        lambda: (declared[:2], _no_views(sides)),
    )
    return outcome, size, _boxed(views)


def _by_header(encoded: tf.Tensor, declared: tf.Tensor, head: Head) -> tf.Tensor:
    pixels = image_header.pixels(declared)
    scans = tf.where(tf.io.is_jpeg(encoded), image_header.scans(encoded), 0)
    outcome = tf.where(pixels * scans <= MOST_SCANS * head.most_pixels, DECODED, TOO_MANY_SCANS)
    return tf.where(pixels <= head.most_pixels, outcome, TOO_LARGE)


def _decoded(encoded: tf.Tensor, head: Head, sides: Sequence[int]) -> tuple[tf.Tensor, Views]:
    image = images.decode(encoded, most_pixels=head.most_pixels)
    views = [
        scoring.views(image, shorter_side=side, mean_rgb=head.mean_rgb, squares=head.squares)
        for side in sides
    ]
    return tf.shape(image, tf.int64)[:2], views


def _no_views(sides: Sequence[int]) -> Views:
    return [tf.zeros([0, 0, 0, 3]) for _ in sides]


def _boxed(views: Views) -> tuple[tf.Tensor, ...]:
    """As scalars, so that images of different sizes can be batched without copying their pixels."""
    return tuple(
        tf.TensorArray(tf.float32, size=1, element_shape=[None, None, None, 3], infer_shape=False)
        .write(0, of_q)
        .flow
        for of_q in views
    )


def _unboxed(box: tf.Tensor) -> tf.Tensor:
    with tf.device("CPU:0"):  # where the dataset left it
        views = tf.TensorArray(tf.float32, flow=box, infer_shape=False).read(0)
    return tf.ensure_shape(views, [None, None, None, 3])
