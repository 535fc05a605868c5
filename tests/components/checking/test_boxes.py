"""Boxes of records: what is counted of them, and each that is wrong, named with shard and record."""

import re

import numpy as np
import pytest
import tensorflow as tf
from helpers.drawn_boxes import box_record, drawn
from helpers.record_sets import check, figures, write

from components.checking.boxes import EMPTY, OUTSIDE, REVERSED, UNCOUNTED
from components.checking.examples import parse
from components.datasets.layouts import IMAGENET, TFDS, Layout

GOOD = (0.25, 0.5, 0.75, 1.0)
PICTURES = [drawn(40, 30, (0.1 * number, 0.1, 0.9, 0.9)) for number in range(8)]


def boxes(layout: Layout, *corners, classes=(), label: int = 0):
    return parse(box_record(layout, b"", label, corners, classes), layout).boxes


@pytest.fixture(params=[IMAGENET, TFDS], ids=lambda layout: layout.name)
def layout(request) -> Layout:
    return request.param


def test_boxes_that_are_right(layout):
    """A quarter and a half of the image; float32's 1.0000001 is its edge."""
    found = boxes(layout, GOOD, (0, 0, 1, np.nextafter(np.float32(1), np.float32(2))), classes=(1, 0))
    assert (found.count, found.own, found.wrong) == (2, True, ())
    assert (found.whole, found.area) == (2, pytest.approx(0.25 + 1))
    assert not boxes(layout, GOOD, classes=(1,)).own
    assert boxes(layout, GOOD).own, "boxes without classes have the image's"
    assert (boxes(layout).count, boxes(layout).wrong) == (0, ())


@pytest.mark.parametrize(
    ("corners", "kind", "what"),
    [
        ((0.5, 0.2, 0.5, 0.9), EMPTY, "is empty: left 0.5, top 0.2, right 0.5, bottom 0.9"),
        ((0.1, 0.4, 0.9, 0.4), EMPTY, "is empty"),
        ((0.6, 0.2, 0.5, 0.9), REVERSED, "has its sides the wrong way round"),
        ((0.1, 0.9, 0.5, 0.2), REVERSED, "has its sides the wrong way round"),
        ((-0.1, 0.2, 0.5, 0.9), OUTSIDE, "reaches beyond the image"),
        ((0.1, 0.2, 0.5, 1.01), OUTSIDE, "reaches beyond the image"),
        ((1.0, 0.2, 1.5, 0.9), OUTSIDE, "lies outside the image"),
        ((0.1, -0.5, 0.5, -0.25), OUTSIDE, "lies outside the image"),
        ((30, 20, 300, 200), OUTSIDE, "expected fractions of its sides, not pixels"),
        ((float("nan"), 0.2, 0.5, 0.9), OUTSIDE, "is no box"),
    ],
)
def test_a_box_that_is_wrong(layout, corners, kind, what):
    (wrong,) = boxes(layout, GOOD, corners).wrong
    assert wrong.kind == kind
    assert wrong.what.startswith("box 2 of 2 ")
    assert what in wrong.what


def test_one_without_an_area_in_the_image_is_no_box_of_its_class(layout):
    assert not boxes(layout, (1.0, 0.2, 1.5, 0.9), classes=(0,)).own
    assert boxes(layout, (0.5, 0.2, 1.5, 0.9), classes=(0,)).own


def test_numbers_that_do_not_fit(layout):
    (more,) = boxes(layout, GOOD, classes=(0, 1)).wrong
    key = layout.boxes.label
    assert more.kind == UNCOUNTED
    assert more.what == f"more labels than boxes: {key} has 2 values, and there are 1 boxes"
    (fewer,) = boxes(layout, GOOD, GOOD, classes=(0,)).wrong
    assert fewer.what.startswith("fewer labels than boxes")
    (none,) = boxes(layout, classes=(0,)).wrong
    assert none.kind == UNCOUNTED


@pytest.mark.parametrize("kind", ["missing", "whole numbers"])
def test_sides_that_are_no_boxes(layout, kind):
    example = tf.train.Example.FromString(box_record(layout, b"", 0, [GOOD, GOOD]))
    feature = example.features.feature
    key = layout.boxes.corners[-1]
    if kind == "missing":
        feature[key].float_list.value.pop()
    else:
        feature[key].int64_list.value.append(1)
    (wrong,) = parse(example.SerializeToString(), layout).boxes.wrong
    assert wrong.kind == UNCOUNTED
    expected = {
        ("missing", IMAGENET): "sides: xmin 2, ymin 2, xmax 2, ymax 1; expected one of each a box",
        ("missing", TFDS): "objects/bbox has 7 values; expected four a box",
        ("whole numbers", IMAGENET): "ymax has a int64_list; expected a float_list",
        ("whole numbers", TFDS): "objects/bbox has a int64_list; expected a float_list",
    }
    assert wrong.what.endswith(expected[kind, layout])


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    root = tmp_path_factory.mktemp("checked")
    records = [
        [(0, [GOOD], ())],
        [(0, [GOOD, (0.5, 0, 1, 1)], (0, 0)), (1, [GOOD, (0.5, 0.2, 0.5, 0.9)], (0, 1)), (1, [], ())],
        [(0, [(0.6, 0.2, 0.5, 0.9), (-0.1, 0.2, 0.5, 0.9)], ()), (1, [GOOD], (0, 1))],
    ]
    pictures = iter(PICTURES)
    made = [[box_record(IMAGENET, next(pictures), *each) for each in shard] for shard in records]
    folder = write(root / "data", IMAGENET, train=made[1:], validation=made[:1])
    result = check(folder, root / "out", "--thumbnails", "0")
    assert result.exception is None, result.output
    return result, figures(root / "out"), (root / "out" / "index.html").read_text()


@pytest.mark.beam
def test_figures_of_boxes(checked):
    """Of training: two of a quarter and a half; one of a quarter; one of 0.35, cut off at the edge."""
    validation, train = checked[1]["boxes"]["validation"], checked[1]["boxes"]["train"]
    area = (0.25 + 0.5 + 0.25 + 0.5 * 0.7) / 4
    assert train == {
        **{"boxes": 6, "images": 3, "most": 2, "without_own": 1, "area": pytest.approx(area, abs=1e-4)},
        "wrong": {EMPTY: 1, UNCOUNTED: 1, OUTSIDE: 1, REVERSED: 1},
    }
    assert (validation["boxes"], validation["wrong"]) == (1, {})
    assert "no box of its own class in 1 of 3 train images with boxes" in checked[1]["remarks"]


@pytest.mark.beam
def test_each_is_named_with_its_shard_and_record(checked):
    places = [
        (one["place"]["shard"], one["place"]["record"], one["what"]) for one in checked[1]["wrong_boxes"]
    ]
    first, second = "train-00000-of-00002", "train-00001-of-00002"
    assert [place[:2] for place in places] == [(first, 2), (second, 1), (second, 1), (second, 2)]
    assert places[0][2] == "box 2 of 2 is empty: left 0.5, top 0.2, right 0.5, bottom 0.9"
    assert places[3][2].startswith("more labels than boxes")


@pytest.mark.beam
def test_the_terminal_and_the_page_tell_them(checked):
    result, _, page = checked
    assert result.return_value == 4
    lines = result.stdout.splitlines()
    assert (
        "boxes       train: 6 boxes in 3 of 5 images, at most 2 in one, 33.8 % of the image on average"
        in lines
    )
    wrong = f"wrong boxes 4 faults: 1 {EMPTY}, 1 {OUTSIDE}, 1 {REVERSED}, 1 {UNCOUNTED}"
    assert wrong in lines
    first = next(line for line in lines if "box 2 of 2 is empty" in line)
    assert re.match(r" {12}train-00000-of-00002, record 2, at byte \d+ \(drawn.png\): box 2", first)
    assert "Wrong boxes</a>: 4" in page
    assert "Boxes of the images’ objects" in page
    assert page.count("has its sides the wrong way round") == 1
