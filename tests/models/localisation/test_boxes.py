"""Boxes move with the pixels: each drawn rectangle is found again where its box says."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.drawn_boxes import drawn

from models import exif_orientation
from models.localisation.boxes import (
    area,
    boxes_in_crop,
    boxes_of_window,
    centred,
    cornered,
    iou,
    mirrored_boxes,
    upright_boxes,
)
from models.training_crop import CropPlace, decode_crop, resample

SIZE = 64


def box_of_pixels(crop: np.ndarray) -> np.ndarray:
    """Where the crop is white: left, top, right, bottom in pixels."""
    rows, columns = (np.flatnonzero(crop.max(axis=(axis, 2)) > 127) for axis in (1, 0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_drawn_box_is_found_again_in_the_crop(orientation, form):
    box = (0.3, 0.25, 0.6, 0.7)
    encoded = drawn(200, 160, box, orientation, form)
    upright = upright_boxes(tf.constant([box]), exif_orientation.orientation(encoded))
    mirrored = set()
    for seed in range(6):
        crop = decode_crop(encoded, scales=(70, 90), size=SIZE, seed=tf.constant([seed, orientation]))
        mirrored.add(bool(crop.mirrored))
        found = boxes_in_crop(upright, crop.place, size=SIZE, mirrored=crop.mirrored)
        wanted = np.clip(found[0].numpy(), 0, 1) * SIZE
        assert box_of_pixels(resample(crop, size=SIZE).numpy()) == pytest.approx(wanted, abs=1.01)
    assert mirrored == {False, True}


def test_what_leaves_the_crop_is_not_cut_off():
    place = CropPlace(scaled=tf.constant([128, 256]), corner=tf.constant([32, 64]))
    found = boxes_in_crop(tf.constant([[0.0, 0.5, 0.5, 1.0]]), place, size=64, mirrored=tf.constant(False))
    assert found.numpy().tolist() == [[-1.0, 0.5, 1.0, 1.5]]
    found = boxes_in_crop(tf.constant([[0.0, 0.5, 0.5, 1.0]]), place, size=64, mirrored=tf.constant(True))
    assert found.numpy().tolist() == [[0.0, 0.5, 2.0, 1.5]]


def test_a_windows_boxes_are_boxes_of_the_photograph_again():
    boxes = np.array([[0.1, 0.2, 0.5, 0.9], [0.0, 0.5, 0.5, 1.0]], np.float32)
    for corner in ([32, 64], [0, 0], [64, 17]):
        place = CropPlace(scaled=tf.constant([128, 256]), corner=tf.constant(corner))
        in_crop = boxes_in_crop(tf.constant(boxes), place, size=64, mirrored=tf.constant(False)).numpy()
        back = boxes_of_window(in_crop, np.array(corner), 64, np.array([128, 256]))
        assert back == pytest.approx(boxes, abs=1e-6)


@pytest.mark.parametrize("maths", [np, tf])
@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ((0, 0, 2, 2), 1.0),
        ((1, 0, 3, 2), 1 / 3),  # 2 of 6
        ((1, 1, 3, 3), 1 / 7),  # 1 of 7
        ((0.5, 0.5, 1.5, 1.5), 0.25),  # inside
        ((2, 0, 4, 2), 0.0),  # side by side
        ((5, 5, 6, 6), 0.0),
        ((1, 1, 1, 1), 0.0),  # no area
        ((2, 2, 0, 0), 0.0),  # sides the wrong way round
    ],
)
def test_intersection_over_union(other, wanted, maths):
    first = np.array([[0, 0, 2, 2]], np.float32)
    other = np.array([other], np.float32)
    assert np.asarray(iou(first, other, maths)) == pytest.approx([wanted])
    assert np.asarray(iou(other, first, maths)) == pytest.approx([wanted])


def test_two_boxes_without_area_have_nothing_in_common():
    nothing = np.zeros([1, 4], np.float32)
    assert area(nothing)[0] == 0
    assert iou(nothing, nothing)[0] == 0


@pytest.mark.parametrize("maths", [np, tf])
def test_centre_and_size(maths):
    boxes = np.array([[[0.1, 0.2, 0.5, 1.0]]], np.float32)
    found = centred(boxes, maths)
    assert np.asarray(found)[0, 0] == pytest.approx([0.3, 0.6, 0.4, 0.8])
    assert np.asarray(cornered(np.asarray(found), maths)) == pytest.approx(boxes)


def test_a_mirrored_box_is_mirrored_back():
    boxes = np.array([[0.25, 0.0, 0.5, 1.0]], np.float32)
    assert mirrored_boxes(boxes, np).tolist() == [[0.5, 0.0, 0.75, 1.0]]
    assert mirrored_boxes(mirrored_boxes(boxes, np), np).tolist() == boxes.tolist()
