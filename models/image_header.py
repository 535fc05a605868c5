"""What the first bytes of an encoded photograph declare, read before anything is decoded.

A file of a few kilobytes can declare more pixels than memory holds, so the size is looked at first.
"""

import tensorflow as tf

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_SIZE_AT = 16  # behind the signature and IHDR's length and name; width, then height


def declared_size(image_bytes: tf.Tensor) -> tf.Tensor:
    """(H, W) as stored, int64 [2], of a JPEG or PNG (scalar string); 0, 0 of anything else.

    Raises:
        tf.errors.InvalidArgumentError: the header is damaged.
    """
    return tf.cond(
        tf.io.is_jpeg(image_bytes),
        lambda: tf.cast(tf.io.extract_jpeg_shape(image_bytes)[:2], tf.int64),
        lambda: tf.cond(is_png(image_bytes), lambda: _png_size(image_bytes), lambda: tf.zeros([2], tf.int64)),
    )


def is_png(image_bytes: tf.Tensor) -> tf.Tensor:
    """By the signature; scalar bool."""
    return tf.strings.substr(image_bytes, 0, len(PNG_SIGNATURE)) == PNG_SIGNATURE


def pixels(size: tf.Tensor) -> tf.Tensor:
    """Of a declared size; int64, as 65,500 x 65,500 is more than int32 holds."""
    return size[0] * size[1]


def _png_size(image_bytes: tf.Tensor) -> tf.Tensor:
    field = tf.strings.substr(image_bytes, PNG_SIZE_AT, 8)
    width_height = tf.io.decode_raw(field, tf.int32, little_endian=False)
    return tf.cast(tf.reverse(tf.ensure_shape(width_height, [2]), [0]), tf.int64)
