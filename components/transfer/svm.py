"""A linear SVM on descriptors, one class against all others, its constant chosen on held-out images.

It has no intercept, so that which class is best does not depend on an image's length: trained on descriptors
of length 1, it can be the last layer of the net, which does not normalise (`last_layer`). With fc7's outputs,
none of which is negative, the mean direction takes the intercept's place.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from components.transfer.measures import mean_class_recall, mean_of_classes
from models.errors import InputError

CONSTANTS = (0.1, 1.0, 10.0, 100.0, 1000.0)
HELD_OUT = 0.2
MOST_ITERATIONS = 5000


@dataclass(frozen=True)
class Chosen:
    """A trained SVM.

    Attributes:
        weights: float32 [C, K]; scores of descriptors of length 1 are their product.
        constant: the SVM's C.
        by_constant: the figure on the held-out images, 0..1, by constant; empty where none could be held out.
        held_out: how many images those were.
    """

    weights: np.ndarray
    constant: float
    by_constant: dict[float, float]
    held_out: int


def normalised(features: np.ndarray) -> np.ndarray:
    """[N, C] of Euclidean length 1 each; one that is all zero stays so."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)


def train_svm(
    features: np.ndarray, has: np.ndarray, known: np.ndarray, seed: int, *, several_labels: bool
) -> Chosen:
    """Chooses the constant on HELD_OUT of each class's images, and trains with it on all of them.

    Args:
        features: float32 [N, C], of length 1.
        has, known: bool [N, K], see components.transfer.described.
        seed: of which images are held out, and of the optimisation.
        several_labels: mean average precision decides, else mean class recall. Of constants that do equally
            well the largest is taken, whose scores lie farthest apart.

    Raises:
        InputError: there are fewer than two classes, or a class without an image.
    """
    _check(has)
    held_out = _held_out(has, seed)
    figures: dict[float, float] = {}
    if held_out.any():
        measure = _measure(has[held_out], known[held_out], several_labels)
        for constant in CONSTANTS:
            weights = _fit(features[~held_out], has[~held_out], known[~held_out], constant, seed)
            figures[constant] = measure(features[held_out] @ weights)
    constant = max(figures, key=lambda one: (figures[one], one)) if figures else 1.0
    weights = _fit(features, has, known, constant, seed)
    return Chosen(weights.astype(np.float32), constant, figures, int(held_out.sum()))


def last_layer(weights: np.ndarray, lengths: np.ndarray) -> dict[str, np.ndarray]:
    """fc8's arrays by layer and kind, for descriptors that are not normalised.

    The score of an image of the mean length is the SVM's; of another image all scores are larger or smaller
    by the same factor, so their order is the SVM's.

    Args:
        weights: float32 [C, K].
        lengths: of the training images' descriptors, [N].
    """
    return {
        "fc8_kernel": np.float32(weights / lengths.mean()),
        "fc8_bias": np.zeros(weights.shape[1], np.float32),
    }


def _check(has: np.ndarray) -> None:
    if has.shape[1] < 2:
        raise InputError(
            "SVM: one class; expected at least two, since an SVM tells one from the others; add photographs "
            "of something else"
        )
    empty = np.flatnonzero(~has.any(axis=0))
    if empty.size:
        raise InputError(
            f"SVM: no training image that decodes of class {empty[0]}; expected at least one of each class"
        )


def _held_out(has: np.ndarray, seed: int) -> np.ndarray:
    """bool [N]: of each class a fifth of the images, rounded down, that the seed draws."""
    found, random = np.zeros(len(has), bool), np.random.default_rng(seed)
    first = has.argmax(axis=1)
    for label in range(has.shape[1]):
        own = np.flatnonzero(first == label)
        found[random.permutation(own)[: int(HELD_OUT * len(own))]] = True
    left = has[~found].any(axis=0)
    return found if left.all() else np.zeros(len(has), bool)


def _measure(has: np.ndarray, known: np.ndarray, several_labels: bool) -> Callable[[np.ndarray], float]:
    if several_labels:
        return lambda scores: mean_of_classes(scores, has, known)
    labels = has.argmax(axis=1)
    return lambda scores: mean_class_recall(scores, labels).value


def _fit(features: np.ndarray, has: np.ndarray, known: np.ndarray, constant: float, seed: int) -> np.ndarray:
    """[C, K]; a class that all or none of the images have gets zeros."""
    columns = []
    for own, sure in zip(has.T, known.T, strict=True):
        if own[sure].all() or not own[sure].any():
            columns.append(np.zeros(features.shape[1]))
            continue
        svm = LinearSVC(
            C=constant, fit_intercept=False, random_state=seed, dual=True, max_iter=MOST_ITERATIONS
        )
        with warnings.catch_warnings():
            # Of a large constant on images that cannot be told apart; held-out images judge the result.
            warnings.simplefilter("ignore", ConvergenceWarning)
            columns.append(svm.fit(features[sure], own[sure]).coef_[0])
    return np.stack(columns, axis=1)
