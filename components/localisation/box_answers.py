"""The boxes of records, and the box that a crop of the image is trained towards."""

import tensorflow as tf

from components.datasets.layouts import BoxKeys, Layout
from components.training.answers import Answers, parse_class
from models import exif_orientation
from models.localisation.boxes import area, boxes_in_crop, upright_boxes
from models.localisation.target import box_target
from models.training_crop import CropPlace


def boxes_of(record: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    """Boxes of one record, float32 [n, 4] (left, top, right, bottom) in fractions of the image as stored, and
    their classes, int64 [n], 0..classes-1.

    They are cut off at the image's edge; what then has no area, or has its sides the wrong way round, is left
    out. Boxes without classes have the image's.
    """
    keys = layout.boxes
    spec = {key: tf.io.VarLenFeature(tf.float32) for key in keys.corners}
    spec[keys.label] = tf.io.VarLenFeature(tf.int64)
    spec[layout.label] = tf.io.FixedLenFeature([], tf.int64)
    parsed = tf.io.parse_single_example(record, spec)
    boxes = tf.clip_by_value(_corners(parsed, keys), 0.0, 1.0)
    classes, count = parsed[keys.label].values, tf.shape(boxes)[0]
    classes = tf.cond(tf.size(classes) > 0, lambda: classes, lambda: tf.repeat(parsed[layout.label], count))
    classes = tf.ensure_shape(classes, [None])
    with tf.control_dependencies([tf.debugging.assert_equal(tf.size(classes), count, "boxes and classes")]):
        there = area(boxes, tf) > 0
    return tf.boolean_mask(boxes, there), tf.boolean_mask(classes, there) - layout.first_label


def _corners(parsed: dict, keys: BoxKeys) -> tf.Tensor:
    if len(keys.corners) > 1:
        return tf.stack([parsed[key].values for key in keys.corners], axis=1)
    top, left, bottom, right = tf.unstack(tf.reshape(parsed[keys.corners[0]].values, [-1, 4]), axis=1)
    return tf.stack([left, top, right, bottom], axis=1)


def _parse(record: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    """(encoded image, its class and the boxes of that class as one string, so that they batch)."""
    image, label = parse_class(record, layout)
    boxes, classes = boxes_of(record, layout)
    own = tf.reshape(tf.boolean_mask(boxes, classes == label), [-1])
    known = tf.concat([tf.cast(label, tf.float32)[tf.newaxis], own], 0)
    return image, tf.io.serialize_tensor(known)


def box_answers(size: int) -> Answers:
    """Of crops of `size` pixels: float32 [6], the image's class, and what
    models.localisation.target.box_target makes of its boxes."""

    def of_crop(image: tf.Tensor, known: tf.Tensor, place: CropPlace, mirrored: tf.Tensor) -> tf.Tensor:
        known = tf.ensure_shape(tf.io.parse_tensor(known, tf.float32), [None])
        boxes = upright_boxes(tf.reshape(known[1:], [-1, 4]), exif_orientation.orientation(image))
        target = box_target(boxes_in_crop(boxes, place, size=size, mirrored=mirrored))
        return tf.ensure_shape(tf.concat([known[:1], target], 0), [6])

    return Answers(_parse, of_crop)
