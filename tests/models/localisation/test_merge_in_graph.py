"""The merge in a graph: on boxes that can be worked out by hand, and beside the merge of lists."""

import numpy as np
import pytest
import tensorflow as tf

from models.localisation.dense import Windows
from models.localisation.five_best import box_of_class
from models.localisation.merge import MOST_MISMATCH, merge, mismatch
from models.localisation.merge_in_graph import best_boxes, merge_in_graph

SPECS = [tf.TensorSpec([None, None, 4], tf.float64), tf.TensorSpec([None, None], tf.float64)]
TRACED: dict[str, tf.types.experimental.GenericFunction] = {}


@pytest.fixture(scope="module", autouse=True)
def traced():
    """Once for all tests; kept until Python ends, they are deleted after what they need."""
    bound = tf.TensorSpec([], tf.float64)
    TRACED["merge"] = tf.function(merge_in_graph, [*SPECS, bound], autograph=False)
    TRACED["best"] = tf.function(best_boxes, SPECS, autograph=False)
    yield
    TRACED.clear()


def merged(boxes, scores, most_mismatch: float = MOST_MISMATCH) -> list[list[tuple]]:
    """(box, score, how many) of each class, the largest score first."""
    found = [
        each.numpy()
        for each in TRACED["merge"](np.array(boxes, float), np.array(scores, float), most_mismatch)[:3]
    ]
    by_class = []
    for of_class, of_scores, counts in zip(*found, strict=True):
        order = [place for place in np.argsort(-of_scores, kind="stable") if counts[place]]
        by_class.append([(of_class[each], of_scores[each], counts[each]) for each in order])
    return by_class


def check(found: list[tuple], expected: list[tuple]) -> None:
    assert [one[2] for one in found] == [one[2] for one in expected]
    assert np.array([one[1] for one in found]) == pytest.approx(np.array([one[1] for one in expected]))
    assert np.array([one[0] for one in found]) == pytest.approx(np.array([one[0] for one in expected]))


def drawn(random: np.random.Generator, classes: int, count: int, width: float) -> np.ndarray:
    """Boxes [classes, count, 4]; the narrower `width`, the more of them lie close."""
    corner = random.uniform(0, width, [classes, count, 2])
    return np.concatenate([corner, corner + random.uniform(0.2, 0.4, [classes, count, 2])], -1)


@pytest.mark.parametrize(("seed", "classes", "count", "width"), [
    (0, 5, 1, 1), (1, 1, 2, 0.1), (2, 5, 12, 0.6), (3, 3, 40, 0.3), (4, 5, 30, 0.02), (5, 2, 60, 2),
])  # fmt: skip
def test_it_gives_what_the_merge_of_lists_gives(seed, classes, count, width):
    random = np.random.default_rng(seed)
    boxes, scores = drawn(random, classes, count, width), random.random([classes, count])
    boxes[:, 1::7, 2] = boxes[:, 1::7, 0]  # of no area
    for bound in (MOST_MISMATCH, 0.3, 3.0):
        found = merged(boxes, scores, bound)
        for number in range(classes):
            listed = merge(boxes[number], scores[number], bound)
            check(found[number], [(one.box, one.score, one.boxes) for one in listed])


def test_equal_distances_are_merged_in_the_same_order():
    """A grid of equal boxes, as a net gives that is sure of nothing: each has four nearest ones."""
    corner = np.stack(np.mgrid[:4, :5], -1).reshape(-1, 2)[:, ::-1] * 0.125
    boxes = np.concatenate([corner, corner + 0.5], 1)
    scores = np.arange(20) / 16
    listed = merge(boxes, scores)
    assert 1 < len(listed) < 20
    check(merged([boxes], [scores])[0], [(one.box, one.score, one.boxes) for one in listed])


def test_boxes_that_lie_close_become_their_mean_and_their_scores_a_sum():
    found = merged([[[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]]], [[0.3, 0.2, 0.4]])[0]
    check(found, [([1, 0, 11, 10], 0.5, 2), ([50, 50, 60, 60], 0.4, 1)])


def test_a_merged_box_counts_as_often_as_it_stands_for():
    found = merged([[[0, 0, 10, 10], [0, 0, 10, 10], [1.5, 0, 11.5, 10]]], [[1, 1, 1]])[0]
    check(found, [([0.5, 0, 10.5, 10], 3, 3)])


def test_one_class_goes_on_where_another_has_nothing_left_to_merge():
    far = [[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]]
    near = [[0, 0, 10, 10], [1, 0, 11, 10], [2, 0, 12, 10]]
    found = merged([far, near, [[5, 5, 5, 5]] * 3], [[0.1, 0.3, 0.2], [1, 1, 1], [1, 1, 1]])
    check(found[0], [(far[1], 0.3, 1), (far[2], 0.2, 1), (far[0], 0.1, 1)])
    check(found[1], [([1, 0, 11, 10], 3, 3)])
    assert found[2] == []


def test_a_pair_at_the_bound_is_merged_and_one_above_it_is_not():
    boxes = [[0, 0, 10, 10], [2, 0, 12, 10]]
    apart = mismatch(*np.array(boxes, float))
    assert len(merged([boxes], [[1, 1]], apart)[0]) == 1
    assert len(merged([boxes], [[1, 1]], np.nextafter(apart, 0))[0]) == 2


def test_what_is_no_number_disturbs_no_other():
    found = merged([[[np.nan, 0, 1, 1], [3, 3, 1, 1], [0, 0, 1, 1], [0, 0, 1, np.inf]]], [[9, 9, 1, 9]])[0]
    check(found, [([0, 0, 1, 1], 1, 1)])


def test_the_best_box_is_the_one_of_the_evaluation():
    random = np.random.default_rng(7)
    boxes, scores = drawn(random, 4, 25, 0.9) - 0.1, random.random([4, 25])
    boxes[2] = [2, 2, 3, 3]  # beyond the photograph: the whole of it
    boxes[3, 0] = np.nan
    found, rated = (each.numpy() for each in TRACED["best"](boxes, scores))
    for number in range(4):
        windows = Windows(scores[number, :, None], boxes[number, :, None])
        assert found[number] == pytest.approx(box_of_class([windows], 0))
    assert rated[2] == 0
    assert rated[0] == pytest.approx(merge(np.clip(boxes[0], 0, 1), scores[0])[0].score)
