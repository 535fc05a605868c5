"""Encoded images to what the net sees of them, each by itself: a bad one is marked and disturbs no other."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from models import images, scoring, undecodable
from models.as_written import as_written
from models.undecodable import DECODED
from serving.saved_model.head import Head

Views = Sequence[tf.Tensor]
"""For each Q the image as the net sees it: float32 [views, H, W, 3], see models.scoring.views."""

_IMAGE_AND_Q = [tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([], tf.int32)]


class Look(NamedTuple):
    """One decoded image as the nets see it.

    Attributes:
        views: for each Q, see Views.
        middles: of each Q at which a box net looks, the image or the middle of a long one, float32
            [1, H, W, 3].
        size: (H, W) upright, int32 [2].
    """

    views: Views
    middles: Views
    size: tf.Tensor


class Prepared(NamedTuple):
    """Images in the order in which they were given.

    Attributes:
        outcomes: int32 [n], DECODED or why not.
        sizes: int64 [n, 2], (H, W): upright where decoded, else as the header declares it.
        views, middles: for each Q a variant [n], see `look_at`.
    """

    outcomes: tf.Tensor
    sizes: tf.Tensor
    views: list[tf.Tensor]
    middles: list[tf.Tensor]

    def look_at(self, index: tf.Tensor) -> Look:
        """One image that was decoded."""
        views, middles = ([_unboxed(of_q[index]) for of_q in each] for each in (self.views, self.middles))
        return Look(views, middles, tf.cast(self.sizes[index], tf.int32))


class Preparation:
    """Decodes images and rescales them to each Q, inside the signatures' graphs.

    The functions of one image are traced once and called by all signatures: half as many operations as
    with a copy for each signature and Q. Such an export took 19 s in place of 7.5, its loading 3.8 s in place
    of 2.2 and each signature's first request 3.9 s in place of 2.6 (marked as not to be inlined: 4.6).
    """

    def __init__(self, head: Head):
        self.head = head
        self._attempt = tf.function(
            lambda encoded: tuple(undecodable.try_decode(encoded, most_pixels=head.most_pixels)),
            input_signature=[tf.TensorSpec([], tf.string)],
            autograph=False,
        )
        self._views = tf.function(
            lambda image, side: scoring.views(
                image, shorter_side=side, mean_rgb=head.mean_rgb, squares=head.squares
            ),
            input_signature=_IMAGE_AND_Q,
            autograph=False,
        )
        self._middle = tf.function(self._middle_of, input_signature=_IMAGE_AND_Q, autograph=False)

    def __call__(self, image_bytes: tf.Tensor, sides: Sequence[int], middles: Sequence[int] = ()) -> Prepared:
        """Of `image_bytes`, string [n], at each Q in `sides`, and their middles at each Q in `middles`."""

        def one(encoded):
            outcome, size, image = self._attempt(encoded)
            return outcome, size, _boxed(self._views_where(outcome == DECODED, image, sides, middles))

        box, count = tf.TensorSpec([], tf.variant), len(sides) + len(middles)
        results = (tf.TensorSpec([], tf.int32), tf.TensorSpec([2], tf.int64), (box,) * count)
        with tf.device("CPU:0"):
            found = tf.map_fn(
                as_written(one),
                image_bytes,
                fn_output_signature=results,
                parallel_iterations=undecodable.DECODERS,
            )
        views = list(found[2])
        return Prepared(found[0], found[1], views[: len(sides)], views[len(sides) :])

    def _views_where(
        self, is_decoded: tf.Tensor, image: tf.Tensor, sides: Sequence[int], middles: Sequence[int]
    ) -> Views:
        return tf.cond(
            is_decoded,
            lambda: [
                *(self._views(image, tf.constant(side)) for side in sides),
                *(self._middle(image, tf.constant(side)) for side in middles),
            ],
            lambda: [tf.zeros([0, 0, 0, 3])] * (len(sides) + len(middles)),
        )

    def _middle_of(self, image: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
        middle = images.rescale(images.shortened(image, self.head.squares), side)
        return images.subtract_mean(middle, tf.constant(self.head.mean_rgb))[tf.newaxis]


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
