"""Encoded images to what the net sees of them, each by itself: a bad one is marked and disturbs no other."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models import images, scoring
from models.as_written import as_written
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


class Preparation:
    """Decodes images and rescales them to each Q, inside the signatures' graphs.

    The two functions of one image are traced once and called by all signatures: half as many operations as
    with a copy for each signature and Q. Such an export took 19 s in place of 7.5, its loading 3.8 s in place
    of 2.2 and each signature's first request 3.9 s in place of 2.6 (marked as not to be inlined: 4.6).
    """

    def __init__(self, head: Head):
        self.head = head
        self._attempt = tf.function(
            lambda encoded: tuple(images.try_decode(encoded, most_pixels=head.most_pixels)),
            input_signature=[tf.TensorSpec([], tf.string)],
            autograph=False,
        )
        self._views = tf.function(
            lambda image, side: scoring.views(
                image, shorter_side=side, mean_rgb=head.mean_rgb, squares=head.squares
            ),
            input_signature=[tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([], tf.int32)],
            autograph=False,
        )

    def __call__(self, image_bytes: tf.Tensor, sides: Sequence[int]) -> Prepared:
        """Of `image_bytes`, string [n], at each Q in `sides`."""

        def one(encoded):
            outcome, size, image = self._attempt(encoded)
            return outcome, size, _boxed(self._views_where(outcome == DECODED, image, sides))

        box = tf.TensorSpec([], tf.variant)
        results = (tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int64), (box,) * len(sides))
        with tf.device("CPU:0"):
            found = tf.map_fn(
                as_written(one), image_bytes, fn_output_signature=results, parallel_iterations=images.DECODERS
            )
        return Prepared(found[0], found[1], list(found[2]))

    def _views_where(self, is_decoded: tf.Tensor, image: tf.Tensor, sides: Sequence[int]) -> Views:
        return tf.cond(
            is_decoded,
            lambda: [self._views(image, tf.constant(side)) for side in sides],
            lambda: [tf.zeros([0, 0, 0, 3]) for _ in sides],
        )


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
