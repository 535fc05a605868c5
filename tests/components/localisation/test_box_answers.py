"""Boxes from records of both layouts to the crops that training sees, by drawn pictures."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.drawn_boxes import box_record, drawn, write_records

from components.datasets.layouts import IMAGENET, LAYOUTS, TFDS
from components.datasets.record_index import index_of
from components.localisation.box_answers import box_answers, boxes_of
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops

SIZE = 64
BOX = (0.3, 0.25, 0.6, 0.7)
EVERYTHING = (0.0, 0.0, 1.0, 1.0)


def found(record: bytes, layout=IMAGENET) -> tuple[list, list]:
    boxes, classes = boxes_of(tf.constant(record), layout)
    return boxes.numpy().round(5).tolist(), classes.numpy().tolist()


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_boxes_and_their_classes_are_read(layout):
    boxes = [[0.25, 0.5, 0.75, 1.0], [0.0, 0.125, 0.5, 0.25]]
    assert found(box_record(layout, b"", 3, boxes, [3, 1]), layout) == (boxes, [3, 1])
    assert found(box_record(layout, b"", 3, boxes), layout) == (boxes, [3, 3])
    assert found(box_record(layout, b"", 3, []), layout) == ([], [])


def test_boxes_are_cut_off_at_the_image_and_what_has_no_area_is_left_out():
    boxes = [[-0.5, 0.5, 0.5, 2.0], [0.5, 0.5, 0.25, 0.75], [0.25, 0.5, 0.25, 0.75], [1.5, 0.0, 2.0, 1.0]]
    assert found(box_record(IMAGENET, b"", 0, boxes, [0, 1, 2, 3])) == ([[0.0, 0.5, 0.5, 1.0]], [0])


def test_boxes_without_as_many_classes_are_an_error():
    with pytest.raises(tf.errors.InvalidArgumentError, match="boxes and classes"):
        boxes_of(tf.constant(box_record(IMAGENET, b"", 0, [EVERYTHING, BOX], [0])), IMAGENET)


def box_of_pixels(crop: np.ndarray) -> np.ndarray:
    """Where the crop is white, as (centre x, centre y, width, height) of its side."""
    rows, columns = (np.flatnonzero(crop.max(axis=(axis, 2)) > 150) for axis in (1, 0))
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1], rows[-1]]) + 1
    return np.concatenate([(low + high) / 2, high - low]) / SIZE


@pytest.fixture
def source(tmp_path):
    """Each picture turned in another way; a larger box of another class, which is not theirs, comes first."""

    def source(layout):
        records = [
            box_record(layout, drawn(200, 160, BOX, turn, "JPEG"), 5, [EVERYTHING, BOX], [2, 5])
            for turn in range(1, 9)
        ]
        return Source(index_of([write_records(tmp_path / "train", records)]), layout, box_answers(SIZE))

    return source


@pytest.mark.parametrize("layout", [IMAGENET, TFDS], ids=lambda layout: layout.name)
def test_the_answer_of_a_training_crop_is_the_box_that_it_shows(source, layout):
    augmentation = Augmentation((76, 76), SIZE, (0.0, 0.0, 0.0), None, seed=4)
    crops = list(training_crops(source(layout), augmentation, epoch=0).as_numpy_iterator())
    assert len(crops) == 8
    whole = 0
    for crop, answer, _ in crops:
        assert answer[:2].tolist() == [5, 1]
        low, high = answer[2:4] - answer[4:] / 2, answer[2:4] + answer[4:] / 2
        if min(low) >= 0 and max(high) <= 1:
            whole += 1
            assert box_of_pixels(crop) == pytest.approx(answer[2:], abs=1.3 / SIZE)
    assert whole >= 4


def test_the_answer_of_a_validation_crop_is_the_box_in_its_middle(source):
    crops = validation_crops(source(IMAGENET), side=76, size=SIZE, mean_rgb=(0.0, 0.0, 0.0))
    for crop, answer in crops.as_numpy_iterator():
        assert answer[:2].tolist() == [5, 1]
        assert box_of_pixels(crop) == pytest.approx(answer[2:], abs=1.3 / SIZE)


def test_an_image_without_a_box_of_its_class_does_not_count(tmp_path):
    records = [
        box_record(IMAGENET, drawn(100, 80, BOX), 5, [BOX], [2]),
        box_record(IMAGENET, drawn(90, 90, BOX), 5, []),
    ]
    source = Source(index_of([write_records(tmp_path / "train", records)]), IMAGENET, box_answers(SIZE))
    crops = validation_crops(source, side=SIZE, size=SIZE, mean_rgb=(0.0, 0.0, 0.0))
    assert [answer[:2].tolist() for _, answer in crops.as_numpy_iterator()] == [[5, 0], [5, 0]]
