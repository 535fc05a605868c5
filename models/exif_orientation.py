"""EXIF's orientation: how a camera was held, so that a photograph comes out as it looks.

Read inside the graph, as training, evaluation and TF Serving share it. It is what Pillow's exif_transpose
finds, but for two things: damaged EXIF is no error, and XMP's copy of it, which counts where EXIF has none,
is taken from wherever it stands in the file, unless it is compressed.
"""

import tensorflow as tf

from models.exif_data import exif_data, may_have_exif, may_have_xmp

UPRIGHT = 1

_ORIENTATION = 0x0112
# TIFF 6.0: bytes of a value that an entry itself holds. Cameras write SHORT; some programs LONG, or signed.
_SHORT, _LONG, _SIGNED_SHORT, _SIGNED_LONG = 3, 4, 8, 9
_ENTRY_BYTES, _VALUE_BYTES = 12, 4
_MISSING, _BEYOND = -1, 9
_IN_XMP = r'tiff:Orientation(?:="|>)([0-9])'
_MARK = "\0VGG orientation\0"  # stands in no XML


def orientation(image_bytes: tf.Tensor) -> tf.Tensor:
    """Of a JPEG or PNG (scalar string): int32, 1 to 8; 1, upright, where it is missing or damaged."""
    missing = tf.constant(_MISSING)
    found = tf.cond(may_have_exif(image_bytes), lambda: _read(image_bytes), lambda: missing)
    looks_on = (found == _MISSING) & may_have_xmp(image_bytes)
    found = tf.cond(looks_on, lambda: _in_xmp(image_bytes), lambda: found)
    return tf.where((found >= 1) & (found <= 8), found, UPRIGHT)


def upright(image: tf.Tensor, orientation_: tf.Tensor) -> tf.Tensor:
    """[H, W, 3] as stored to how it looks; [W, H, 3] for orientations 5 to 8, which lie on their side."""
    return tf.cond(orientation_ == UPRIGHT, lambda: image, lambda: _turned(image, orientation_))


def _turned(image: tf.Tensor, orientation_: tf.Tensor) -> tf.Tensor:
    image = tf.cond(orientation_ >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    up_down = tf.reduce_any(orientation_ == [3, 4, 7, 8])
    left_right = tf.reduce_any(orientation_ == [2, 3, 6, 7])
    return tf.raw_ops.Reverse(tensor=image, dims=tf.stack([up_down, left_right, False]))


# Not inlined: the branch's operations would take their time where it is not taken, too.
@tf.function(
    input_signature=[tf.TensorSpec([], tf.string)],
    autograph=False,
    experimental_attributes={"_noinline": True},
)
def _read(image_bytes: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.clip_by_value(_in_tiff(exif_data(image_bytes)), _MISSING, _BEYOND), tf.int32)


def _in_xmp(image_bytes: tf.Tensor) -> tf.Tensor:
    marked = tf.strings.regex_replace(image_bytes, _IN_XMP, _MARK + r"\1", replace_global=False)
    parts = tf.strings.split(marked[tf.newaxis], _MARK, maxsplit=1).values
    digit = tf.io.decode_raw(tf.strings.substr(parts[-1], 0, 1), tf.uint8)
    return tf.cond(
        tf.size(parts) == 2, lambda: tf.cast(digit[0], tf.int32) - ord("0"), lambda: tf.constant(_MISSING)
    )


def _in_tiff(data: tf.Tensor) -> tf.Tensor:
    """The orientation's value in the first directory of TIFF data, uint8 [n]; of two entries the last counts,
    as in Pillow."""
    order = data[:2]
    big = tf.reduce_all(order == ord("M"))
    known = (tf.size(order) == 2) & (big | tf.reduce_all(order == ord("I")))
    directory = _numbers(data[4:8], big)
    entries = _numbers(data[directory : directory + 2], big)
    table = data[directory + 2 : directory + 2 + entries * _ENTRY_BYTES]
    rows = tf.size(table) // _ENTRY_BYTES
    table = tf.reshape(table[: rows * _ENTRY_BYTES], [rows, _ENTRY_BYTES])
    tags, kinds = _numbers(table[:, :2], big), _numbers(table[:, 2:4], big)
    counts = _numbers(table[:, 4:8], big)
    is_short = (kinds == _SHORT) | (kinds == _SIGNED_SHORT)
    is_long = (kinds == _LONG) | (kinds == _SIGNED_LONG)
    values = tf.where(is_short, _numbers(table[:, 8:10], big), _numbers(table[:, 8:12], big))
    most = tf.where(is_short, _VALUE_BYTES // 2, _VALUE_BYTES // 4)
    held = (is_short | is_long) & (counts >= 1) & (counts <= tf.cast(most, tf.int64))
    there = (tags == _ORIENTATION) & held & known
    return tf.concat([[tf.constant(_MISSING, tf.int64)], tf.boolean_mask(values, there)], 0)[-1]


def _numbers(parts: tf.Tensor, big: tf.Tensor) -> tf.Tensor:
    """Bytes, uint8 [..., length], to the numbers they are in that byte order, int64."""
    parts = tf.cast(tf.cond(big, lambda: tf.reverse(parts, [-1]), lambda: parts), tf.int64)
    weights = tf.bitwise.left_shift(tf.constant(1, tf.int64), 8 * tf.range(tf.shape(parts, tf.int64)[-1]))
    return tf.reduce_sum(parts * weights, axis=-1)
