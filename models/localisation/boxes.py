"""Boxes of objects, and what happens to them as their photograph is turned, rescaled, cropped and mirrored.

A box is (left, top, right, bottom). In a photograph they are fractions of its width and height, 0..1, as
build_imagenet_data writes them; in a crop fractions of the crop's side, and there a box may reach beyond
0..1, as the crop need not hold all of the object. This is the only place where boxes move with the pixels.
"""

from types import ModuleType
from typing import Any

import numpy as np
import tensorflow as tf

from models.training_crop import CropPlace

SAME_OBJECT = 0.5
"""A box is right where its intersection over union with a true one is above this (appendix A)."""


def upright_boxes(boxes: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Boxes of the pixels as stored, [n, 4], to those of the photograph as it looks.

    `orientation` is EXIF's, int32, 1 to 8: what models.exif_orientation.upright does to the pixels.
    """
    on_its_side = orientation >= 5
    left, top, right, bottom = tf.unstack(boxes, axis=-1)
    left, top = tf.where(on_its_side, top, left), tf.where(on_its_side, left, top)
    right, bottom = tf.where(on_its_side, bottom, right), tf.where(on_its_side, right, bottom)
    up_down = tf.reduce_any(orientation == [3, 4, 7, 8])
    left_right = tf.reduce_any(orientation == [2, 3, 6, 7])
    top, bottom = tf.where(up_down, 1 - bottom, top), tf.where(up_down, 1 - top, bottom)
    turned = tf.stack([left, top, right, bottom], axis=-1)
    return tf.where(left_right, mirrored_boxes(turned), turned)


def mirrored_boxes(boxes: Any, maths: ModuleType = tf) -> Any:
    """Boxes [..., 4] of the mirror image, left for right; of a photograph or a crop."""
    left, top, right, bottom = (boxes[..., side] for side in range(4))
    return maths.stack([1 - right, top, 1 - left, bottom], axis=-1)


def boxes_in_crop(boxes: tf.Tensor, place: CropPlace, *, size: int, mirrored: tf.Tensor) -> tf.Tensor:
    """Boxes of the photograph as it looks, [n, 4], in a crop of `size` pixels at `place`, which may be
    mirrored (bool)."""
    scaled, corner = (tf.cast(tf.reverse(each, [0]), tf.float32) for each in place)
    in_crop = (boxes * tf.tile(scaled, [2]) - tf.tile(corner, [2])) / size
    return tf.where(mirrored, mirrored_boxes(in_crop), in_crop)


def boxes_of_window(boxes: Any, corner: Any, side: Any, scaled: Any, maths: ModuleType = np) -> Any:
    """The way back: boxes that the net gave for windows, [..., 4] in fractions of a window's side, as
    fractions of the photograph.

    Args:
        boxes: one for each window.
        corner: (y, x) of the windows' upper left corners in the rescaled photograph, pixels, [..., 2].
        side: of the windows, pixels; of windows that are no squares (width, height) twice, [4].
        scaled: the rescaled photograph's height and width, pixels, [2].
        maths: numpy or TensorFlow.
    """
    corner, scaled = (_joined([each[..., ::-1]] * 2, maths) for each in (corner, scaled))
    return (boxes * side + corner) / scaled


def area(boxes: Any, maths: ModuleType = np) -> Any:
    """Of boxes [..., 4]: [...]; 0 of one whose sides are not in order."""
    wide, high = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return maths.maximum(wide, 0) * maths.maximum(high, 0)


def iou(first: Any, second: Any, maths: ModuleType = np) -> Any:
    """Intersection over union of boxes [..., 4], in pairs: [...], 0..1; `maths` is numpy or TensorFlow."""
    shared = maths.minimum(first[..., 2:], second[..., 2:]) - maths.maximum(first[..., :2], second[..., :2])
    shared = maths.maximum(shared, 0)
    both = shared[..., 0] * shared[..., 1]
    # Two boxes without any area have nothing in common.
    return both / maths.maximum(area(first, maths) + area(second, maths) - both, 1e-12)


def centred(boxes: Any, maths: ModuleType = tf) -> Any:
    """(left, top, right, bottom) [..., 4] to (centre x, centre y, width, height): what the net is taught."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return _joined([(low + high) / 2, high - low], maths)


def cornered(boxes: Any, maths: ModuleType = tf) -> Any:
    """The inverse of `centred`."""
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return _joined([centre - half, centre + half], maths)


def _joined(parts: list, maths: ModuleType) -> Any:
    return tf.concat(parts, -1) if maths is tf else np.concatenate(parts, -1)
