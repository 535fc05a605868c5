"""dense.py inside a graph: the boxes of a box net's map as boxes of the photograph."""

from typing import NamedTuple

import tensorflow as tf

from models.architectures import STRIDE
from models.localisation.boxes import boxes_of_window, cornered
from models.localisation.regression import COORDINATES


class Frame(NamedTuple):
    """How a photograph was looked at: (height, width), int32 [2] each.

    Attributes:
        whole: the photograph as it looks, pixels.
        middle: what of it was looked at (models.images.shortened), pixels.
        scaled: that at Q, pixels.
    """

    whole: tf.Tensor
    middle: tf.Tensor
    scaled: tf.Tensor


def middle_of(whole: tf.Tensor, squares: int) -> tf.Tensor:
    """(height, width) of the middle that models.images.shortened leaves of a photograph."""
    return tf.minimum(whole, squares * tf.reduce_min(whole))


def boxes_of_map(outputs: tf.Tensor, frame: Frame, size: int) -> tf.Tensor:
    """Boxes of all places: (left, top, right, bottom) in fractions of the photograph, float64 [h * w, b, 4].

    Args:
        outputs: (centre x, centre y, width, height) in fractions of a window's side, [h, w, 4 * b].
        frame: of the photograph that they are of.
        size: side of a window, pixels.
    """
    height, width, channels = tf.unstack(tf.shape(outputs))
    boxes = tf.cast(tf.reshape(outputs, [height, width, channels // COORDINATES, COORDINATES]), tf.float64)
    places = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), axis=-1)
    corner = tf.cast(places * STRIDE, tf.float64)[:, :, tf.newaxis]
    whole, middle, scaled = (tf.cast(each, tf.float64) for each in frame)
    in_middle = boxes_of_window(cornered(boxes), corner, size, scaled, tf)
    offset = tf.cast((frame.whole - frame.middle) // 2, tf.float64)
    found = boxes_of_window(in_middle, offset, tf.tile(middle[::-1], [2]), whole, tf)
    return tf.reshape(found, [height * width, -1, 4])
