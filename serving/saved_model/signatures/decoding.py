"""Encoded images to what the net sees of them, each by itself: a bad one is marked and disturbs no other.

Only decoding and rescaling run in a dataset: the network would stay on the CPU, on one thread.
"""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models import image_header, images, scoring
from serving.saved_model.head import Head

# Threads that decode: each may hold a declared 192 MiB, and a progressive JPEG as much again or twice.
DECODERS = 4
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
    rows = images.decode_each(
        tf.data.Dataset.from_tensor_slices((tf.range(count), image_bytes)),
        lambda index, encoded: (index, *_decoded(encoded, head)),
        lambda index, outcome, size, image: (
            index,
            outcome,
            size,
            _boxed(_views(outcome, image, head, sides)),
        ),
        at_once=DECODERS,
    )
    # A single element of a batch costs 0.4 ms, `reduce` or an iterator 5 to 10 ms. It must not be empty, so
    # a first row stands for all that failed.
    failed = (-1, UNDECODABLE, tf.zeros([2], tf.int64), _boxed(_no_views(sides)))
    batch = tf.data.Dataset.from_tensors(failed).concatenate(rows).batch(tf.cast(count, tf.int64) + 1)
    indices, outcomes, sizes, boxes = batch.get_single_element()
    places = tf.range(1, tf.size(indices))
    row = tf.tensor_scatter_nd_update(tf.zeros([count], tf.int32), indices[1:, tf.newaxis], places)
    return Prepared(tf.gather(outcomes, row), tf.gather(sizes, row), [tf.gather(of_q, row) for of_q in boxes])


def _decoded(encoded: tf.Tensor, head: Head) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Outcome, size and pixels of one image, none where it is too large; fails where it does not decode."""
    declared = image_header.declared_shape(encoded)
    has_too_many_scans = image_header.has_too_many_scans(encoded, declared, head.most_pixels)
    outcome = tf.where(has_too_many_scans, TOO_MANY_SCANS, DECODED)
    outcome = tf.where(image_header.pixels(declared) <= head.most_pixels, outcome, TOO_LARGE)
    image = tf.cond(
        outcome == DECODED,
        lambda: images.decode(encoded, most_pixels=head.most_pixels),
        lambda: tf.zeros([0, 0, 3], tf.uint8),
    )
    size = tf.where(outcome == DECODED, tf.shape(image, tf.int64)[:2], declared[:2])
    return outcome, size, image


def _views(outcome: tf.Tensor, image: tf.Tensor, head: Head, sides: Sequence[int]) -> Views:
    def seen():
        return [
            scoring.views(image, shorter_side=side, mean_rgb=head.mean_rgb, squares=head.squares)
            for side in sides
        ]

    return tf.cond(outcome == DECODED, seen, lambda: _no_views(sides))


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
