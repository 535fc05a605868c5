"""The image functions that training, evaluation and serving share (sections 2.1, 3.1 and 3.2).

Plain tensor operations on one image, usable eagerly, in tf.data and inside a SavedModel. `image` is RGB
[H, W, 3]; uint8 as decoded, float32 in 0..255 once rescaled. Random ones take a stateless seed, int [2]:
the same seed gives the same crop, whatever ran before.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from models import exif_orientation, image_header
from models.as_written import as_written
from models.limits import MOST_PIXELS, MOST_SCANS, SQUARES

DCT = "INTEGER_ACCURATE"
"""How a JPEG's cosine transform is undone. Pillow, Caffe and browsers, so published weights too, see these
pixels; TensorFlow's own default, INTEGER_FAST, differs by 1.1 grey levels on average and up to 25, and is no
faster: measured in docs/results.md, "Decoding JPEG"."""

DECODED, UNDECODABLE, TOO_LARGE, TOO_MANY_SCANS = range(4)
DECODERS = 4
"""Images in work at a time inside a graph. Each may hold a declared 192 MiB, and a progressive JPEG as much
again or twice."""


def decode(image_bytes: tf.Tensor, *, most_pixels: int = MOST_PIXELS) -> tf.Tensor:
    """JPEG or PNG (scalar string) as it looks: uint8 [H, W, 3], turned as its EXIF says.

    Grey and CMYK become RGB; of 16 bits the upper 8 count; transparency is left out, as Pillow's convert
    does. No colour profile is applied.

    Raises:
        tf.errors.InvalidArgumentError: not such an image, a damaged one, or one whose header declares more
            than `most_pixels`, or that has too many scans, which is not decoded.
    """
    image = decode_as_stored(image_bytes, most_pixels=most_pixels)
    return exif_orientation.upright(image, exif_orientation.orientation(image_bytes))


def decode_as_stored(image_bytes: tf.Tensor, *, most_pixels: int = MOST_PIXELS) -> tf.Tensor:
    """`decode`, but not turned: the same pixels in another order."""
    shape = image_header.declared_shape(image_bytes)
    with tf.control_dependencies(check_header(image_bytes, shape, most_pixels)):
        return _pixels(image_header.with_adobe_marker(image_bytes, shape[2]))


class Attempt(NamedTuple):
    """What became of decoding an image.

    Attributes:
        outcome: int32, DECODED or why not.
        size: int64 [2], (H, W): upright where decoded, else as the header declares it.
        image: see `decode`; of no pixels where it was not decoded.
    """

    outcome: tf.Tensor
    size: tf.Tensor
    image: tf.Tensor


def try_decode(image_bytes: tf.Tensor, *, most_pixels: int = MOST_PIXELS) -> Attempt:
    """`decode` that does not fail but for a lack of memory, for use inside a graph."""
    declared, has_header = _attempt(image_header.declared_shape, tf.zeros([3], tf.int64), image_bytes)
    pixels = image_header.pixels(declared)
    has_too_many_scans = image_header.has_too_many_scans(image_bytes, declared, most_pixels)
    fits = has_header & (pixels > 0) & (pixels <= most_pixels) & ~has_too_many_scans
    readable = tf.cond(
        fits,
        lambda: image_header.with_adobe_marker(image_bytes, declared[2]),
        lambda: tf.constant(b""),  # fails
    )
    stored, decodes = _attempt(_pixels, tf.zeros([0, 0, 3], tf.uint8), readable)
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


def check_header(
    image_bytes: tf.Tensor, declared: tf.Tensor, most_pixels: int = MOST_PIXELS
) -> list[tf.Operation]:
    """Fails where a declared shape (H, W, ...) has no pixels, more than `most_pixels` or too many scans."""
    pixels = image_header.pixels(declared)
    wanted = f"(H, W) by a JPEG's or PNG's header: expected 1 to {most_pixels} pixels in all, found"
    fits = (pixels > 0) & (pixels <= most_pixels)
    has_too_many_scans = image_header.has_too_many_scans(image_bytes, declared, most_pixels)
    scans = f"a JPEG's scans: expected at most {MOST_SCANS} of {most_pixels} pixels, found more; (H, W)"
    return [
        tf.debugging.Assert(fits, [wanted, declared[:2]]),
        tf.debugging.Assert(~fits | ~has_too_many_scans, [scans, declared[:2]]),
    ]


def rescale(image: tf.Tensor, shorter_side: tf.Tensor | int) -> tf.Tensor:
    """Isotropic rescale so that the shorter side is S (or Q) pixels: float32 [H', W', 3] in 0..255.

    The paper does not name the filter: bilinear, widened when it shrinks (antialias), so that a texture
    finer than the new pixels averages out and does not turn into another texture.
    """
    size = scaled_size(tf.shape(image)[:2], shorter_side)
    return tf.image.resize(image, size, method="bilinear", antialias=True)


def scaled_size(size: tf.Tensor, shorter_side: tf.Tensor | int) -> tf.Tensor:
    """(H, W), int32 [2], rescaled so that the smaller is S, the other rounded to whole pixels."""
    shorter_side = tf.cast(shorter_side, tf.int32)
    ratio = tf.cast(shorter_side, tf.float64) / tf.cast(tf.reduce_min(size), tf.float64)
    scaled = tf.cast(tf.round(tf.cast(size, tf.float64) * ratio), tf.int32)
    return tf.maximum(scaled, shorter_side)


def subtract_mean(image: tf.Tensor, mean_rgb: tf.Tensor) -> tf.Tensor:
    """The only preprocessing (section 2.1): float32 [..., 3] less the training set's mean RGB [3]."""
    image = tf.cast(image, tf.float32)
    # A row of pixels at a time: TensorFlow broadcasts three numbers 20 times slower than 672.
    shape = tf.shape(image)
    rows = tf.reshape(image, tf.concat([shape[:-2], shape[-2:-1] * 3], 0))
    less = rows - tf.tile(tf.cast(mean_rgb, tf.float32), shape[-2:-1])
    return tf.ensure_shape(tf.reshape(less, shape), image.shape)


def shortened(image: tf.Tensor, squares: int = SQUARES) -> tf.Tensor:
    """The middle of an image that is more than `squares` times longer than wide, so long; others as they are.

    Its centre is the same, and a strip of 1 x 60,000 pixels does not become 60,000 S^2 when it is rescaled.
    """
    size = tf.shape(image)[:2]
    kept = tf.minimum(size, squares * tf.reduce_min(size))
    return tf.slice(image, tf.pad((size - kept) // 2, [[0, 1]]), tf.pad(kept, [[0, 1]], constant_values=3))


def decode_each(
    elements: tf.data.Dataset,
    decode_one: Callable,
    then: Callable,
    *,
    at_once: int,
    together: int = 1,
) -> tf.data.Dataset:
    """`then(*decode_one(*element))` of each element, in their order, less those whose `decode_one` fails.

    A graph has no try/except, but tf.data has ignore_errors, and a dataset inside a graph travels with it
    into Transform's graph and into a SavedModel. It stands around `decode_one` alone. As it would swallow any
    error before it, too, such as of a record that cannot be read, `together` elements are read first, and
    then become a dataset of their own. Any other error is raised.

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
    images: tf.Tensor, compute: Callable[[tf.Tensor], tf.Tensor], otherwise: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """`compute` of each of `images` (string [N]) as it is stored, `otherwise` of those that do not decode.

    Returns the results, [N] + otherwise.shape, and a bool [N]: which decoded. On all cores, one image on
    each, whatever N is. One dataset decodes them all, as a dataset inside a graph is made ready anew on every
    call: of 125 small images 0.35 ms each, where a dataset for each image took 1 ms.

    Raises:
        tf.errors.ResourceExhaustedError: no memory for the pixels of one that did not decode.
    """
    count = tf.size(images, tf.int64)
    decoded = (
        tf.data.Dataset.from_tensor_slices(images)
        .enumerate()
        .map(
            as_written(lambda place, image: (place, decode_as_stored(image))),
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
    with tf.control_dependencies([_memory_for_each(tf.boolean_mask(images, ~is_decoded[:-1]))]):
        return tf.tensor_scatter_nd_update(everywhere, places, results)[:-1], is_decoded[:-1]


def _pixels(readable: tf.Tensor) -> tf.Tensor:
    """As stored, uint8 [H, W, 3]; fails where it is no image."""
    # Of PNG too. tf.io.decode_image, the wider one, leaves the transform to TensorFlow's default.
    image = tf.io.decode_jpeg(readable, channels=3, dct_method=DCT)
    return tf.ensure_shape(image, [None, None, 3])


def _memory_for_each(images: tf.Tensor) -> tf.Tensor:
    """`_memory_where` of images, string [N], that did not decode. Costs nothing where there are none."""

    def of_one(image):
        declared, has_header = _attempt(image_header.declared_shape, tf.zeros([3], tf.int64), image)
        pixels = image_header.pixels(declared)
        return _memory_where(has_header & (pixels > 0) & (pixels <= MOST_PIXELS), declared)

    def of_all():
        return tf.reduce_sum(tf.map_fn(as_written(of_one), images, tf.uint8, parallel_iterations=1))

    return tf.cond(tf.size(images) > 0, of_all, lambda: tf.constant(0, tf.uint8))


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

    A graph has no try/except, but tf.data has ignore_errors, and a dataset inside a graph travels with it
    into Transform's graph and into a SavedModel. Its functions are made ready anew whenever the graph runs:
    0.3 ms where `compute` is one operation, 2.5 s where it was all of `decode` and what follows it.
    """
    computed = as_written(lambda each: (compute(each), True))
    tried = tf.data.Dataset.from_tensors(argument).map(computed).ignore_errors()
    return tried.concatenate(tf.data.Dataset.from_tensors((otherwise, False))).take(1).get_single_element()
