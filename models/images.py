"""The image functions that training, evaluation and serving share (sections 2.1, 3.1 and 3.2).

Plain tensor operations on one image, usable eagerly, in tf.data and inside a SavedModel. `image` is RGB
[H, W, 3]; uint8 as decoded, float32 in 0..255 once rescaled. Random ones take a stateless seed, int [2]:
the same seed gives the same crop, whatever ran before.
"""

import tensorflow as tf

from models import exif_orientation, image_header
from models.limits import MOST_PIXELS, MOST_SCANS, SQUARES

DCT = "INTEGER_ACCURATE"
"""How a JPEG's cosine transform is undone. Pillow, Caffe and browsers, so published weights too, see these
pixels; TensorFlow's own default, INTEGER_FAST, differs by 1.1 grey levels on average and up to 25, and is no
faster: measured in docs/results.md, "Decoding JPEG"."""


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
        return pixels_as_stored(image_header.with_adobe_marker(image_bytes, shape[2]))


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


def pixels_as_stored(readable: tf.Tensor) -> tf.Tensor:
    """As stored, uint8 [H, W, 3]; fails where it is no image."""
    # Of PNG too. tf.io.decode_image, the wider one, leaves the transform to TensorFlow's default.
    image = tf.io.decode_jpeg(readable, channels=3, dct_method=DCT)
    return tf.ensure_shape(image, [None, None, 3])
