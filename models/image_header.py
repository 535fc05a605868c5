"""What the first bytes of an encoded photograph declare, read before anything is decoded.

A file of a few kilobytes can declare more pixels than memory holds, so the size is looked at first.
"""

import tensorflow as tf

from models.limits import MOST_SCANS

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_SIZE_AT = 16  # behind the signature and IHDR's length and name; width, then height
START_OF_JPEG = b"\xff\xd8"
ADOBE_SEGMENT = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"  # version 100, no transform
CMYK = 4
SCAN_BYTES = 10  # of the shortest header of a scan


def declared_shape(image_bytes: tf.Tensor) -> tf.Tensor:
    """(H, W, channels) as stored, int64 [3], of a JPEG or PNG (scalar string); zeros of anything else.

    Of a PNG channels are 0.

    Raises:
        tf.errors.InvalidArgumentError: the header is damaged.
    """
    return tf.cond(
        tf.io.is_jpeg(image_bytes),
        lambda: tf.cast(tf.io.extract_jpeg_shape(image_bytes), tf.int64),
        lambda: tf.cond(
            is_png(image_bytes), lambda: _png_shape(image_bytes), lambda: tf.zeros([3], tf.int64)
        ),
    )


def is_png(image_bytes: tf.Tensor) -> tf.Tensor:
    """By the signature; scalar bool."""
    return tf.strings.substr(image_bytes, 0, len(PNG_SIGNATURE)) == PNG_SIGNATURE


def pixels(shape: tf.Tensor) -> tf.Tensor:
    """Of a declared shape; int64, as 65,500 x 65,500 is more than int32 holds."""
    return tf.reduce_prod(tf.cast(shape[:2], tf.int64))


def has_too_many_scans(image_bytes: tf.Tensor, shape: tf.Tensor, most_pixels: int) -> tf.Tensor:
    """Whether a JPEG of this declared shape has scans of more pixels than MOST_SCANS of `most_pixels`; bool.

    A progressive JPEG of 270 kB with 200 scans over 64 million pixels took 5 s to decode: 117 bytes a scan.
    """
    most = MOST_SCANS * most_pixels // tf.maximum(pixels(shape), 1)
    # Few files are long enough to hold so many: only their bytes are looked at.
    may_have = tf.cast(tf.strings.length(image_bytes) // SCAN_BYTES, tf.int64) > most
    return tf.cond(
        tf.io.is_jpeg(image_bytes) & may_have, lambda: _scans(image_bytes) > most, lambda: tf.constant(False)
    )


def with_adobe_marker(image_bytes: tf.Tensor, channels: tf.Tensor) -> tf.Tensor:
    """A CMYK JPEG with Adobe's marker put in front; anything else as it is.

    CMYK is stored inverted, as Adobe began it. Pillow and browsers always invert it back; TensorFlow does so
    only where it finds the marker. A marker of the file's own follows and is the one that counts.
    """

    def marked():
        return tf.strings.join([START_OF_JPEG, ADOBE_SEGMENT, tf.strings.substr(image_bytes, 2, -1)])

    return tf.cond(channels == CMYK, marked, lambda: image_bytes)


def _scans(image_bytes: tf.Tensor) -> tf.Tensor:
    """How often a JPEG's bytes begin a scan, int64; a few more where it carries a thumbnail or a film."""
    data = tf.io.decode_raw(image_bytes, tf.uint8)
    return tf.math.count_nonzero((data[:-1] == 0xFF) & (data[1:] == 0xDA))


def _png_shape(image_bytes: tf.Tensor) -> tf.Tensor:
    field = tf.strings.substr(image_bytes, PNG_SIZE_AT, 8)
    width_height = tf.io.decode_raw(field, tf.int32, little_endian=False)
    return tf.cast(tf.pad(tf.ensure_shape(width_height, [2])[::-1], [[0, 1]]), tf.int64)
