"""Appendix B's figures, by hand and against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, balanced_accuracy_score

from components.transfer.measures import (
    average_precision,
    class_recalls,
    mean_average_precision,
    mean_class_recall,
    mean_of_classes,
)


def test_each_class_counts_alike_however_many_images_it_has():
    """Of class 0 one of four is right, of class 1 the only one: the mean of 1/4 and 1."""
    scores = np.array([[2, 1], [1, 2], [1, 2], [0, 1], [0, 9]])
    labels = np.array([0, 0, 0, 0, 1])
    assert class_recalls(scores, labels) == {0: (1, 4), 1: (1, 1)}
    found = mean_class_recall(scores, labels)
    assert found.value == pytest.approx(0.625)
    assert 0.5 <= found.lower < 0.625 < found.upper <= 1
    assert found == mean_class_recall(scores, labels)
    assert found.value == pytest.approx(balanced_accuracy_score(labels, scores.argmax(axis=1)))


def test_a_tie_and_scores_that_are_all_alike_count_against_the_net():
    assert mean_class_recall(np.array([[1, 1], [0, 0]]), np.array([0, 1])).value == 0


def test_average_precision_by_hand():
    """Ranks of the class's images 1, 3 and 4: precisions 1, 2/3 and 3/4."""
    has = np.array([1, 0, 1, 1, 0], bool)
    scores = np.array([5.0, 4, 3, 2, 1])
    assert average_precision(scores, has) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    # Recall 1/3 from rank 1, 2/3 from 3, 1 from 4; the best precision from there on: 1 at recalls 0 to 0.3,
    # 3/4 at the seven others.
    assert average_precision(scores, has, eleven_points=True) == pytest.approx((4 * 1 + 7 * 3 / 4) / 11)
    assert np.isnan(average_precision(scores, np.zeros(5, bool)))


def test_of_tied_images_those_without_the_class_come_first():
    assert average_precision(np.zeros(4), np.array([1, 0, 0, 0], bool)) == pytest.approx(1 / 4)


def test_mean_average_precision_against_scikit_learn():
    random = np.random.default_rng(0)
    scores, has = random.normal(size=(40, 3)), random.random((40, 3)) < 0.3
    found = mean_average_precision(scores, has, np.ones_like(has))
    assert found.value == pytest.approx(average_precision_score(has, scores, average="macro"))
    assert found.lower < found.value < found.upper
    assert found == mean_average_precision(scores, has, np.ones_like(has))


def test_an_image_that_is_not_known_of_a_class_counts_neither_way_for_it():
    scores = np.array([[3.0, 0], [2, 1], [1, 2]])
    has = np.array([[0, 0], [1, 1], [0, 1]], bool)
    assert mean_of_classes(scores, has, np.ones_like(has)) == pytest.approx((1 / 2 + 1) / 2)
    known = np.array([[0, 1], [1, 1], [1, 1]], bool)
    assert mean_of_classes(scores, has, known) == pytest.approx(1)
