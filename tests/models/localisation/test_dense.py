"""Boxes of windows by networks whose answer is known, and the whole way from maps to five boxes."""

import numpy as np
import pytest
import tensorflow as tf

from models.localisation.dense import DenseLocaliser, Windows
from models.localisation.five_best import best_classes, box_of_class

SIZE = 64


def brightness_map(images: tf.Tensor) -> tf.Tensor:
    """A stand-in for a net of two classes: scores (0, mean grey value) of each window."""
    mean = tf.nn.avg_pool2d(tf.reduce_mean(images, -1, keepdims=True), SIZE, 32, "VALID")
    return tf.concat([tf.zeros_like(mean), mean / 16], -1)


def middle_map(boxes: int):
    """A stand-in for a box net: the middle quarter of each window, of class n widened by n / 10."""

    def of(images: tf.Tensor) -> tf.Tensor:
        places = tf.shape(tf.nn.avg_pool2d(images, SIZE, 32, "VALID"))[:3]
        box = np.array([[0.5, 0.5, 0.5 + n / 10, 0.5] for n in range(boxes)], np.float32).ravel()
        return tf.broadcast_to(box, tf.concat([places, [4 * boxes]], 0))

    return of


def localiser(boxes: int = 1) -> DenseLocaliser:
    black = (0.0, 0.0, 0.0)
    nets = (brightness_map, middle_map(boxes))
    return DenseLocaliser(*nets, classifier_mean=black, box_mean=black, size=SIZE)


def test_each_place_has_its_windows_box_and_posterior():
    image = np.zeros([128, 192, 3], np.uint8)
    image[:, 128:] = 160
    found = localiser().windows(image, 128)
    # Three by five windows, 32 pixels from one to the next, each with its middle half.
    assert found.boxes.shape == (15, 1, 4)
    lefts = (np.arange(5) * 32 + 16) / 192
    assert found.boxes.reshape(3, 5, 4)[:, :, 0] == pytest.approx(np.tile(lefts, [3, 1]), abs=1e-6)
    assert found.boxes[7, 0] == pytest.approx(
        [(64 + 16) / 192, 48 / 128, (64 + 48) / 192, 80 / 128], abs=1e-6
    )
    # The last column of windows is all light: a score of 10 against 0; the one before half.
    light = 1 / (1 + np.exp(-np.array([0, 0, 0, 5, 10])))
    assert found.posteriors.reshape(3, 5, 2)[:, :, 1] == pytest.approx(np.tile(light, [3, 1]), abs=1e-5)


def test_another_q_gives_other_windows_of_the_same_photograph():
    image = np.full([256, 256, 3], 100, np.uint8)
    found = localiser().windows(image, 96)
    assert found.boxes.reshape(2, 2, 4)[1, 1] == pytest.approx(np.array([48, 48, 80, 80]) / 96)


def test_a_strip_is_looked_at_in_its_middle():
    image = np.full([64, 64 * 24, 3], 100, np.uint8)
    boxes = localiser().windows(image, 64).boxes[:, 0]
    assert (boxes[:, 0].min() + boxes[:, 2].max()) / 2 == pytest.approx(0.5)
    assert boxes[:, 0].min() > 0.2
    assert boxes[0, 2] - boxes[0, 0] == pytest.approx(32 / (64 * 24))


def test_the_central_crop_has_boxes_by_class():
    image = np.zeros([128, 192, 3], np.uint8)
    found = localiser(boxes=2).central_boxes(image, 64)
    # Rescaled to 64 x 96, cropped from 16 to 80.
    assert found[0] == pytest.approx([(16 + 16) / 96, 0.25, (16 + 48) / 96, 0.75])
    assert found[1] == pytest.approx([(16 + 64 * 0.2) / 96, 0.25, (16 + 64 * 0.8) / 96, 0.75])


def test_the_box_of_a_class_is_the_merged_one_that_the_classifier_is_surest_of():
    boxes = np.array([[0, 0, 0.4, 0.4], [0.02, 0, 0.42, 0.4], [0.5, 0.5, 0.9, 0.9], [0.5, 0.5, 1.3, 1.3]])
    posteriors = np.array([[0.5, 0.5], [0.4, 0.6], [0.2, 0.8], [0.8, 0.2]])
    shared = Windows(posteriors, boxes[:, None])
    assert box_of_class([shared], 1) == pytest.approx([0.01, 0, 0.41, 0.4])  # 1.1 against 1.0
    more = Windows(posteriors[2:3], boxes[2:3, None])
    assert box_of_class([shared, more], 1)[:2] == pytest.approx([0.5, 0.5])
    by_class = Windows(posteriors, np.stack([boxes, boxes[::-1]], axis=1))
    assert box_of_class([by_class], 1)[:2] == pytest.approx([0.5, 0.5])


def test_a_box_is_cut_off_at_the_photograph_and_without_any_it_is_the_whole():
    beyond = Windows(np.ones([1, 1]), np.array([[[0.5, -1.0, 3.0, 0.5]]]))
    assert box_of_class([beyond], 0).tolist() == [0.5, 0.0, 1.0, 0.5]
    outside = Windows(np.ones([1, 1]), np.array([[[2.0, 2.0, 3.0, 3.0]]]))
    assert box_of_class([outside], 0).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_the_five_best_classes():
    assert best_classes(np.array([0.1, 0.3, 0.1, 0.2, 0.1, 0.1, 0.1])).tolist() == [1, 3, 0, 2, 4]
    assert best_classes(np.array([0.4, 0.6])).tolist() == [1, 0]
