"""Encoded images to what the net sees of them, each by itself: a bad one is marked and disturbs no other."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models import images, scoring
from models.images import DECODED
from serving.saved_model.head import Head

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

    def one(encoded):
        attempt = images.try_decode(encoded, most_pixels=head.most_pixels)
        return attempt.outcome, attempt.size, _boxed(_views(attempt.outcome, attempt.image, head, sides))

    box = tf.TensorSpec([], tf.variant)
    results = (tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int64), (box,) * len(sides))
    with tf.device("CPU:0"):
        found = tf.map_fn(one, image_bytes, fn_output_signature=results, parallel_iterations=images.DECODERS)
    return Prepared(found[0], found[1], list(found[2]))


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
