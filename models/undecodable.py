"""Decoding photographs inside a graph where some do not decode: what was wrong, or the others without them.

A graph has no try/except, but tf.data has ignore_errors, and a dataset inside a graph travels with it into
Transform's graph and into a SavedModel.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models import exif_orientation, image_header, images
from models.as_written import as_written
from models.limits import MOST_PIXELS

DECODED, UNDECODABLE, TOO_LARGE, TOO_MANY_SCANS = range(4)
DECODERS = 4
"""Images in work at a time inside a graph. Each may hold a declared 192 MiB, and a progressive JPEG as much
again or twice."""


class Attempt(NamedTuple):
    """What became of decoding an image.

    Attributes:
        outcome: int32, DECODED or why not.
        size: int64 [2], (H, W): upright where decoded, else as the header declares it.
        image: see `images.decode`; of no pixels where it was not decoded.
    """

    outcome: tf.Tensor
    size: tf.Tensor
    image: tf.Tensor


def try_decode(image_bytes: tf.Tensor, *, most_pixels: int = MOST_PIXELS) -> Attempt:
    """`images.decode` that does not fail but for a lack of memory, for use inside a graph."""
    declared, has_header = _attempt(image_header.declared_shape, tf.zeros([3], tf.int64), image_bytes)
    pixels = image_header.pixels(declared)
    has_too_many_scans = image_header.has_too_many_scans(image_bytes, declared, most_pixels)
    fits = has_header & (pixels > 0) & (pixels <= most_pixels) & ~has_too_many_scans
    readable = tf.cond(
        fits,
        lambda: image_header.with_adobe_marker(image_bytes, declared[2]),
        lambda: tf.constant(b""),  # fails
    )
    stored, decodes = _attempt(images.pixels_as_stored, tf.zeros([0, 0, 3], tf.uint8), readable)
    with tf.control_dependencies([_memory_where(fits & ~decodes, declared)]):
        stored = tf.identity(stored)
    image = tf.cond(
        decodes,
        lambda: exif_orientation.upright(stored, exif_orientation.orientation(image_bytes)),
        lambda: stored,
    )
    outcome = tf.where(has_too_many_scans, TOO_MANY_SCANS, UNDECODABLE)
    outcome = tf.where(pixels > most_pixels, TOO_LARGE, outcome)
    size = tf.where(decodes, tf.shape(image, tf.int64)[:2], declared[:2])
    return Attempt(tf.where(decodes, DECODED, outcome), size, image)


def decode_each(
    elements: tf.data.Dataset,
    decode_one: Callable,
    then: Callable,
    *,
    at_once: int,
    together: int = 1,
) -> tf.data.Dataset:
    """`then(*decode_one(*element))` of each element, in their order, less those whose `decode_one` fails.

    ignore_errors stands around `decode_one` alone. As it would swallow any error before it, too, such as of a
    record that cannot be read, `together` elements are read first, and then become a dataset of their own.
    Any other error is raised.

    Args:
        elements: tuples of tensors, encoded images among them.
        decode_one: from an element to a tuple.
        then: from that tuple to an element of the result.
        at_once: in work at a time, each from its bytes to its result: memory does not grow with the number of
            elements. tf.data.AUTOTUNE: as many as there are cores, about.
        together: elements that one worker takes at a time. For each such block, tf.data makes the functions
            ready anew: of training crops by eight that was 7 % of the processor time (perf).
    """

    def guarded(*held):
        return tf.data.Dataset.from_tensor_slices(held).map(decode_one).ignore_errors().map(then)

    # In the order of the elements: a block gives at most `together`, which it does in one turn.
    return elements.batch(together).interleave(
        as_written(guarded),
        cycle_length=at_once,
        block_length=together,
        num_parallel_calls=at_once,
        deterministic=True,
    )


def if_decodable(
    photographs: tf.Tensor, compute: Callable[[tf.Tensor], tf.Tensor], otherwise: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """`compute` of each of `photographs` (string [N]) as stored, `otherwise` of those that do not decode.

    Returns the results, [N] + otherwise.shape, and a bool [N]: which decoded. On all cores, one image on
    each, whatever N is. One dataset decodes them all, as a dataset inside a graph is made ready anew on every
    call: of 125 small images 0.35 ms each, where a dataset for each image took 1 ms.

    Raises:
        tf.errors.ResourceExhaustedError: no memory for the pixels of one that did not decode.
    """
    count = tf.size(photographs, tf.int64)
    decoded = (
        tf.data.Dataset.from_tensor_slices(photographs)
        .enumerate()
        .map(
            as_written(lambda place, image: (place, images.decode_as_stored(image))),
            tf.data.AUTOTUNE,
            deterministic=False,
        )
        .ignore_errors()
    )
    found = decoded.map(
        as_written(lambda place, image: (place, compute(image))), tf.data.AUTOTUNE, deterministic=False
    )
    # One more, so that a batch is never empty.
    last = tf.data.Dataset.from_tensors((count, otherwise))
    places, results = found.concatenate(last).batch(count + 1).get_single_element()
    everywhere = tf.repeat(otherwise[tf.newaxis], count + 1, axis=0)
    places = places[:, tf.newaxis]
    is_decoded = tf.scatter_nd(places, tf.ones_like(places[:, 0]), [count + 1]) > 0
    with tf.control_dependencies([_memory_for_each(tf.boolean_mask(photographs, ~is_decoded[:-1]))]):
        return tf.tensor_scatter_nd_update(everywhere, places, results)[:-1], is_decoded[:-1]


def _memory_for_each(photographs: tf.Tensor) -> tf.Tensor:
    """`_memory_where` of photographs, string [N], that did not decode. Costs nothing where there are none."""

    def of_one(image):
        declared, has_header = _attempt(image_header.declared_shape, tf.zeros([3], tf.int64), image)
        pixels = image_header.pixels(declared)
        return _memory_where(has_header & (pixels > 0) & (pixels <= MOST_PIXELS), declared)

    def of_all():
        return tf.reduce_sum(tf.map_fn(as_written(of_one), photographs, tf.uint8, parallel_iterations=1))

    return tf.cond(tf.size(photographs) > 0, of_all, lambda: tf.constant(0, tf.uint8))


def _memory_where(failed: tf.Tensor, declared: tf.Tensor) -> tf.Tensor:
    """Fails where an image, (H, W, ...) by its header, `failed` and there is no memory for its pixels.

    Or a lack of memory would pass for an image that does not decode, as nothing tells what ignore_errors
    ignored. The memory is asked for and not touched.
    """

    def asked_for():
        size = tf.cast(tf.stack([declared[0], declared[1], 3]), tf.int32)
        return tf.raw_ops.Empty(shape=size, dtype=tf.uint8)[0, 0, 0]

    return tf.cond(failed, asked_for, lambda: tf.constant(0, tf.uint8))


def _attempt(compute: Callable, otherwise: tf.Tensor, argument: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(compute(argument), true), or (otherwise, false) where that fails.

    A dataset's functions are made ready anew whenever the graph runs:
    0.3 ms where `compute` is one operation, 2.5 s where it was all of `images.decode` and what follows it.
    """
    computed = as_written(lambda each: (compute(each), True))
    tried = tf.data.Dataset.from_tensors(argument).map(computed).ignore_errors()
    return tried.concatenate(tf.data.Dataset.from_tensors((otherwise, False))).take(1).get_single_element()
