"""The box net's loss and errors by hand-worked numbers."""

import pytest
import tensorflow as tf

from components.localisation.objective import BoxRegression
from components.training.objective import FILLER

# Class, whether it counts, centre, width and height.
ANSWERS = tf.constant(
    [[1, 1, 0.5, 0.5, 0.5, 0.5], [0, 1, 0.5, 0.5, 0.5, 0.5], [0, 0, 0.5, 0.5, 0.5, 0.5], [FILLER] * 6],
    tf.float32,
)
# Two boxes each, one for each class.
OUTPUTS = tf.constant(
    [
        [9, 9, 9, 9, 0.5, 0.5, 0.5, 0.5],
        [0.6, 0.5, 0.5, 0.5, 9, 9, 9, 9],  # moved by a fifth: 0.8 / 1.2 = 0.67
        [0.0, 0.5, 0.5, 0.5, 9, 9, 9, 9],
        [0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0],
    ],
    tf.float32,
)


def test_the_loss_is_of_the_box_of_the_images_class():
    assert BoxRegression().loss(OUTPUTS, ANSWERS)[:3].numpy() == pytest.approx([0, 0.005, 0.125])


def test_errors_are_at_two_bounds_of_the_intersection_over_union():
    half, close = BoxRegression().right(OUTPUTS, ANSWERS)
    assert half.numpy()[:3].tolist() == [True, True, False]
    assert close.numpy()[:3].tolist() == [True, False, False]


def test_crops_that_hold_too_little_of_the_object_and_fillers_do_not_count():
    assert BoxRegression().counted(ANSWERS).numpy().tolist() == [1, 1, 0, 0]
