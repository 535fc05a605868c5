"""A request's images: decoded and rescaled once, each on its own; and the error that names the bad ones.

A graph has no try/except, but tf.data has ignore_errors, and a dataset inside a graph travels with it into
the SavedModel. Only decoding and rescaling run there: the network would stay on the CPU, on one thread.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from models import image_header, images, scoring
from serving.head import Head

AVERAGED = "probabilities"
# Images decoded and held at a time: at Q = 256, 384 and 512 each takes 8 MB, the longest 46 MB.
AT_A_TIME = 16
# Threads that decode them: each may hold a declared 192 MiB, and a progressive JPEG as much again or twice.
DECODERS = 4
DECODED, UNDECODABLE, TOO_LARGE = 0, 1, 2

Signature = tuple[Callable, list[tf.TensorSpec]]
Views = list[tf.Tensor]
"""For each Q the image as the net sees it: float32 [views, H, W, 3], see models.scoring.views."""


class Prepared(NamedTuple):
    """Images of a request, in its order.

    Attributes:
        outcomes: int32 [n], DECODED, UNDECODABLE or TOO_LARGE.
        sizes: int64 [n, 2], (H, W): upright where decoded, else as the header declares it.
        views: for each Q a variant [n], see `views_of`.
    """

    outcomes: tf.Tensor
    sizes: tf.Tensor
    views: list[tf.Tensor]

    def views_of(self, index: tf.Tensor) -> Views:
        """Of one image that was decoded."""
        return [_unboxed(boxes[index]) for boxes in self.views]


def map_images(
    image_bytes: tf.Tensor,
    head: Head,
    sides: Sequence[int],
    compute: Callable[[Views], tf.Tensor],
    shape: Sequence[int],
    *,
    otherwise: float | None = None,
) -> tf.Tensor:
    """`compute` of each image at the Q in `sides`, float32 [N, *shape].

    Args:
        image_bytes: string [N].
        head: mean RGB and budgets.
        sides: the Q.
        compute: from an image's views to float32 of `shape`.
        shape: of one result.
        otherwise: what an image that cannot be used gets; None refuses the request.

    Raises:
        tf.errors.InvalidArgumentError: `image_bytes[3]: ...` where an image cannot be used. Of AT_A_TIME
            images all are decoded, and all bad ones named, before the first forward pass.
    """
    count = tf.shape(image_bytes)[0]

    def some(start, results):
        prepared = prepare(image_bytes[start : start + AT_A_TIME], head, sides)
        checks = [] if otherwise is not None else [check(prepared, head, start)]
        with tf.control_dependencies(checks):
            indices = tf.range(tf.size(prepared.outcomes))
        found = tf.map_fn(
            lambda index: tf.cond(
                prepared.outcomes[index] == DECODED,
                lambda: compute(prepared.views_of(index)),
                lambda: tf.fill(shape, float("nan") if otherwise is None else otherwise),
            ),
            indices,
            fn_output_signature=tf.TensorSpec(shape, tf.float32),
            parallel_iterations=1,
        )
        return start + AT_A_TIME, tf.concat([results, found], 0)

    results = tf.zeros([0, *shape])
    _, results = tf.while_loop(
        lambda start, _: start < count,
        some,
        (0, results),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, *shape])),
        parallel_iterations=1,
    )
    return results


def prepare(image_bytes: tf.Tensor, head: Head, sides: Sequence[int]) -> Prepared:
    """Decodes `image_bytes`, string [n], and rescales them to each Q; one that fails is marked."""

    def element(index, encoded):
        declared = image_header.declared_shape(encoded)
        outcome, size, views = tf.cond(
            image_header.pixels(declared) <= head.most_pixels,
            lambda: (DECODED, *_decoded(encoded, head, sides)),
            lambda: (TOO_LARGE, declared[:2], _no_views(sides)),
        )
        return index, outcome, size, tuple(map(_boxed, views))

    count = tf.shape(image_bytes)[0]
    elements = (
        tf.data.Dataset.from_tensor_slices((tf.range(count), image_bytes))
        .map(element, num_parallel_calls=DECODERS)
        .ignore_errors()
    )
    # A single element of a batch costs 0.4 ms, `reduce`, an iterator or `batch` alone 5 to 10 ms. It must
    # not be empty, so a first row stands for all that failed.
    failed = (-1, UNDECODABLE, tf.zeros([2], tf.int64), tuple(map(_boxed, _no_views(sides))))
    rows = tf.data.Dataset.from_tensors(failed).concatenate(elements).batch(tf.cast(count, tf.int64) + 1)
    indices, outcomes, sizes, views = rows.get_single_element()
    places = tf.range(1, tf.size(indices))
    row = tf.tensor_scatter_nd_update(tf.zeros([count], tf.int32), indices[1:, tf.newaxis], places)
    return Prepared(
        tf.gather(outcomes, row), tf.gather(sizes, row), [tf.gather(boxes, row) for boxes in views]
    )


def check(prepared: Prepared, head: Head, first: tf.Tensor | int = 0) -> tf.Operation:
    """Fails with a message that names each image that cannot be used, `first` being the first one's index."""
    bad = tf.reshape(tf.where(prepared.outcomes != DECODED), [-1])
    height, width = tf.unstack(tf.strings.as_string(tf.gather(prepared.sizes, bad)), axis=1)
    too_large = tf.strings.join(
        [width, " x ", height, f" pixels; expected at most {head.most_pixels} in all"]
    )
    reason = tf.where(
        tf.gather(prepared.outcomes, bad) == TOO_LARGE,
        too_large,
        "not a JPEG or PNG image that can be decoded",
    )
    index = tf.strings.as_string(tf.cast(bad, tf.int32) + first)
    lines = tf.strings.join(["image_bytes[", index, "]: ", reason])
    return tf.debugging.Assert(tf.size(bad) == 0, [tf.strings.reduce_join(lines, separator="; ")])


def _decoded(encoded: tf.Tensor, head: Head, sides: Sequence[int]) -> tuple[tf.Tensor, Views]:
    image = images.decode(encoded, most_pixels=head.most_pixels)
    views = [
        scoring.views(image, shorter_side=side, mean_rgb=head.mean_rgb, squares=head.squares)
        for side in sides
    ]
    return tf.shape(image, tf.int64)[:2], views


def _no_views(sides: Sequence[int]) -> Views:
    return [tf.zeros([0, 0, 0, 3]) for _ in sides]


def _boxed(views: tf.Tensor) -> tf.Tensor:
    """As a scalar, so that images of different sizes can be batched without copying their pixels."""
    box = tf.TensorArray(tf.float32, size=1, element_shape=[None, None, None, 3], infer_shape=False)
    return box.write(0, views).flow


def _unboxed(box: tf.Tensor) -> tf.Tensor:
    views = tf.TensorArray(tf.float32, flow=box, infer_shape=False).read(0)
    return tf.ensure_shape(views, [None, None, None, 3])
