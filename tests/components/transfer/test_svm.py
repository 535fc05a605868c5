"""The linear SVM: its constant, its order as the last layer, and what it cannot be trained on."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from components.transfer import svm
from components.transfer.svm import CONSTANTS, last_layer, normalised, train_svm
from models.errors import InputError


def clouds(each: int, spread: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features, none negative, around three directions, and which class each is of."""
    random = np.random.default_rng(seed)
    centres = np.abs(random.normal(size=(3, 20)))
    features = np.abs(np.repeat(centres, each, axis=0) + spread * random.normal(size=(3 * each, 20)))
    return np.float32(features), np.repeat(np.eye(3, dtype=bool), each, axis=0)


def trained(features, has, seed=0):
    return train_svm(normalised(features), has, np.ones_like(has), seed, several_labels=False)


def test_it_tells_classes_apart_that_it_has_not_been_trained_on():
    (features, has), (others, _) = clouds(10, 0.3), clouds(10, 0.3)
    chosen = trained(features, has)
    assert chosen.weights.dtype == np.float32
    assert chosen.weights.shape == (20, 3)
    right = (normalised(others) @ chosen.weights).argmax(axis=1) == has.argmax(axis=1)
    assert right.mean() > 0.9
    assert np.array_equal(chosen.weights, trained(features, has).weights), "the same seed, the same SVM"


def test_the_constant_is_the_best_on_a_fifth_of_each_class_that_was_not_trained_on(monkeypatch):
    """Stand-in for the fit: it notes its images, and is right with the constant 1 alone."""
    seen = []

    def fit(features, has, known, constant, seed):
        seen.append((constant, {tuple(row) for row in features}))
        return np.linalg.lstsq(features, has.astype(float), rcond=None)[0] * (1 if constant == 1.0 else -1)

    monkeypatch.setattr(svm, "_fit", fit)
    features, has = clouds(11, 0.1)
    chosen = trained(features, has)
    assert (chosen.constant, chosen.held_out) == (1.0, 6)
    assert chosen.by_constant[1.0] > max(v for k, v in chosen.by_constant.items() if k != 1.0)
    assert [constant for constant, _ in seen] == [*CONSTANTS, 1.0]
    assert [len(images) for _, images in seen] == [27] * len(CONSTANTS) + [33]


def test_too_few_images_to_hold_any_out():
    features, has = clouds(4, 0.1)
    chosen = trained(features, has)
    assert (chosen.constant, chosen.by_constant, chosen.held_out) == (1.0, {}, 0)


def test_as_the_last_layer_it_ranks_classes_alike_whatever_the_images_length():
    features, has = clouds(10, 0.5)
    features *= np.random.default_rng(1).uniform(0.2, 5, [30, 1]).astype(np.float32)
    chosen = trained(features, has)
    layer = last_layer(chosen.weights, np.linalg.norm(features, axis=1))
    scores, by_svm = features @ layer["fc8_kernel"], normalised(features) @ chosen.weights
    assert np.array_equal(np.argsort(scores), np.argsort(by_svm))
    assert not layer["fc8_bias"].any()
    mean = np.linalg.norm(features, axis=1).mean()
    middle = normalised(features) * mean
    np.testing.assert_allclose(middle @ layer["fc8_kernel"], by_svm, rtol=1e-4, atol=1e-5)


def test_it_is_scikit_learns_one_class_against_the_others():
    features, has = clouds(4, 0.4)
    expected = LinearSVC(C=1.0, fit_intercept=False, random_state=0, dual=True, max_iter=5000)
    expected.fit(normalised(features), has.argmax(axis=1))
    np.testing.assert_allclose(trained(features, has).weights, expected.coef_.T, atol=1e-3)


def test_an_image_that_is_not_known_of_a_class_is_not_trained_on_for_it():
    features, has = clouds(4, 0.4)
    known = np.ones_like(has)
    known[0] = [False, True, True]
    one = train_svm(normalised(features), has, known, 0, several_labels=True)
    has[0, 0] = False
    other = train_svm(normalised(features), has, known, 0, several_labels=True)
    np.testing.assert_array_equal(one.weights, other.weights)


@pytest.mark.parametrize(
    ("has", "why"),
    [(np.ones([3, 1], bool), "one class"), (np.eye(3, dtype=bool)[[0, 1, 1]], "decodes of class 2")],
)
def test_what_it_cannot_be_trained_on_is_one_line(has, why):
    with pytest.raises(InputError, match=why):
        trained(np.ones([3, 4], np.float32), has)
