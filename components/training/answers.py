"""What is made of a record: an encoded photograph, and the answer that a crop of it is trained towards."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from components.datasets.layouts import Layout
from models.training_crop import CropPlace


@dataclass(frozen=True)
class Answers:
    """How a record becomes an image, and what a crop's outputs are compared with.

    Attributes:
        parse: (record, layout) to (encoded image, what is known of it), tensors of fixed shapes.
        of_crop: (encoded image, what is known of it, the crop's place, whether it is mirrored) to the answer.
    """

    parse: Callable[[tf.Tensor, Layout], tuple[tf.Tensor, tf.Tensor]]
    of_crop: Callable[[tf.Tensor, tf.Tensor, CropPlace, tf.Tensor], tf.Tensor]


def parse_class(record: tf.Tensor, layout: Layout) -> tuple[tf.Tensor, tf.Tensor]:
    """(encoded photograph, class 0..classes-1, int64) of one record."""
    spec = {
        layout.image: tf.io.FixedLenFeature([], tf.string),
        layout.label: tf.io.FixedLenFeature([], tf.int64),
    }
    parsed = tf.io.parse_single_example(record, spec)
    return parsed[layout.image], parsed[layout.label] - layout.first_label


CLASSES = Answers(parse_class, lambda image, label, place, mirrored: label)
"""The image's class, whatever the crop."""
