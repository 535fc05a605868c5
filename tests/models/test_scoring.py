"""Dense evaluation against NumPy, with a stand-in for the network."""

import numpy as np
import tensorflow as tf

from models import scoring

MEAN = (120.0, 110.0, 100.0)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def _edges(batch: tf.Tensor) -> tf.Tensor:
    """A net whose two scores are the first and the last column, so that the flip matters."""
    return tf.stack([batch[:, :, :1, 0], batch[:, :, -1:, 0]], axis=-1)


def _views(image: np.ndarray, shorter_side: int) -> tf.Tensor:
    return scoring.views(tf.constant(image), shorter_side=shorter_side, mean_rgb=MEAN)


def test_scores_are_averaged_over_space_and_views_before_the_softmax():
    """Four places with scores (0, 4), (2, 0), (0, 0) and (2, 0): their mean is (1, 1)."""
    maps = tf.constant([[[[[0.0, 4.0], [2.0, 0.0]]], [[[0.0, 0.0], [2.0, 0.0]]]]])
    assert maps.shape == (1, 2, 1, 2, 2)  # one image of two views of 1 x 2 places
    np.testing.assert_allclose(scoring.softmax_of_mean_scores(maps), [[0.5, 0.5]], rtol=1e-6)
    first = scoring.softmax_of_mean_scores(maps[:, :1])
    np.testing.assert_allclose(first[0], _softmax(np.array([1.0, 2.0])), rtol=1e-6)


def test_score_maps_are_of_each_image_and_view_and_of_their_flips():
    """Three images of two views: each has its own scores in its own place."""
    views = np.random.default_rng(0).normal(size=(3, 2, 4, 5, 3)).astype(np.float32)
    found = scoring.score_maps(_edges, tf.constant(views), flip=True)
    assert found.shape == (2, 3, 2, 4, 1, 2)
    left, right = views[..., 0, 0], views[..., -1, 0]
    np.testing.assert_array_equal(found[0, ..., 0, :], np.stack([left, right], -1))
    np.testing.assert_array_equal(found[1, ..., 0, :], np.stack([right, left], -1))
    alone = scoring.score_maps(_edges, tf.constant(views), flip=False)
    np.testing.assert_array_equal(alone, found[:1])


def test_the_flip_is_averaged_after_the_softmax_at_each_q():
    """The left half is 4 grey levels above the right one: scores (4, 0), and (0, 4) of the flip."""
    image = np.full((8, 8, 3), 120, np.uint8)
    image[:, :4] += 4
    by_q = [_views(image, 8), _views(image, 16)]
    alone = scoring.flip_average_by_q(_edges, by_q, flip=False)
    np.testing.assert_allclose(alone, [_softmax(np.array([4.0, 0.0]))] * 2, rtol=1e-4)
    both = scoring.flip_average_by_q(_edges, by_q, flip=True)
    np.testing.assert_allclose(both, np.full((2, 2), 0.5), rtol=1e-4)


def test_flips_of_unlike_scores_are_averaged_as_posteriors():
    """Scores (4, 0) and, of the flip, (1, 0) by a net that sees which it is: the mean of two soft-maxes."""
    maps = tf.reshape(tf.constant([4.0, 0.0, 1.0, 0.0]), [2, 1, 1, 1, 1, 2])
    expected = (_softmax(np.array([4.0, 0.0])) + _softmax(np.array([1.0, 0.0]))) / 2
    np.testing.assert_allclose(scoring.flip_average(maps), expected, rtol=1e-6)
