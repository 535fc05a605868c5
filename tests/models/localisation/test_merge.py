"""The greedy merge on boxes that can be worked out by hand."""

import numpy as np
import pytest

from models.localisation.merge import merge, mismatch


def merged(boxes, scores, **options):
    found = merge(np.array(boxes, float).reshape(-1, 4), np.array(scores, float), **options)
    return [(one.box.tolist(), pytest.approx(one.score), one.boxes) for one in found]


@pytest.mark.parametrize(
    ("other", "wanted"),
    [
        ((0, 0, 10, 10), 0),
        ((2, 0, 12, 10), 0.2 + 1 - 80 / 120),
        ((10, 0, 20, 10), 1 + 1),  # side by side
        ((0, 0, 10, 20), 5 / np.sqrt(150) + 1 - 1 / 2),  # centre 5 lower, mean area 150
    ],
)
def test_the_mismatch_of_two_boxes(other, wanted):
    first, other = np.array([0, 0, 10, 10.0]), np.array(other, float)
    assert mismatch(first, other) == pytest.approx(wanted)
    assert mismatch(other, first) == pytest.approx(wanted)


def test_boxes_that_lie_close_become_their_mean_and_their_scores_a_sum():
    found = merged([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], [0.3, 0.2, 0.4])
    assert found == [([1, 0, 11, 10], 0.5, 2), ([50, 50, 60, 60], 0.4, 1)]


def test_a_merged_box_counts_as_often_as_it_stands_for():
    # The first two are alike and merge first; with the third, two thirds and one third: 0.5, not 0.75.
    found = merged([[0, 0, 10, 10], [0, 0, 10, 10], [1.5, 0, 11.5, 10]], [1, 1, 1])
    assert found == [([0.5, 0, 10.5, 10], 3, 3)]


def test_the_best_pair_comes_first_and_the_rest_is_looked_at_again():
    # 4 apart each: the middle one lies nearer to the second, and the mean of these two is 5 from the first.
    boxes = [[0, 0, 10, 10], [4, 0, 14, 10], [7.8, 0, 17.8, 10]]
    apart = mismatch(np.array(boxes[0], float), np.array([5.9, 0, 15.9, 10]))
    close = mismatch(np.array(boxes[1], float), np.array(boxes[2], float))
    assert merged(boxes, [1, 1, 1], most_mismatch=close + 1e-9) == [
        ([5.9, 0, 15.9, 10], 2, 2),
        ([0, 0, 10, 10], 1, 1),
    ]
    assert merged(boxes, [1, 1, 1], most_mismatch=apart - 1e-9)[0][2] == 2
    assert merged(boxes, [1, 1, 1], most_mismatch=apart + 1e-9)[0][2] == 3


def test_the_order_of_the_boxes_does_not_matter():
    random = np.random.default_rng(0)
    corner = random.uniform(0, 30, [40, 2])
    boxes, scores = np.concatenate([corner, corner + random.uniform(5, 20, [40, 2])], 1), random.random(40)
    once = merge(boxes, scores)
    order = random.permutation(40)
    again = merge(boxes[order], scores[order])
    assert 1 < len(once) < 40
    assert np.array([one.box for one in again]) == pytest.approx(np.array([one.box for one in once]))
    assert [one.score for one in again] == pytest.approx([one.score for one in once])
    assert sum(one.score for one in once) == pytest.approx(scores.sum())


def test_boxes_of_no_area_and_what_is_no_number_count_for_nothing():
    found = merged([[0, 0, 0, 5], [3, 3, 1, 1], [np.nan, 0, 1, 1], [0, 0, 1, 1]], [9, 9, 9, 1])
    assert found == [([0, 0, 1, 1], 1, 1)]
    assert merged([], []) == []
