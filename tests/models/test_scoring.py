"""Dense evaluation against a NumPy reference, with a stand-in for the network."""

import numpy as np
import tensorflow as tf

from models import scoring
from models.images import rescale

MEAN = (120.0, 110.0, 100.0)


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def test_scores_are_averaged_over_space_before_the_softmax():
    """Two places with scores (0, 4) and (2, 0): their mean is (1, 2). The mean of soft-maxes is another."""
    score_map = tf.constant([[[[0.0, 4.0], [2.0, 0.0]]]])
    expected = _softmax(np.array([1.0, 2.0]))
    np.testing.assert_allclose(scoring.posteriors(score_map)[0], expected, rtol=1e-6)


def test_dense_averages_the_posteriors_of_image_and_flip_over_all_scales():
    """The stand-in net scores an image by its left and right thirds, so that the flip matters."""

    def net(batch):
        third = tf.shape(batch)[2] // 3
        left, right = batch[:, :, :third], batch[:, :, -third:]
        return tf.stack([tf.reduce_mean(left, 3), tf.reduce_mean(right[:, :, :third], 3)], axis=-1) / 50

    image = np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8)
    found = scoring.dense_at_scales(net, tf.constant(image), shorter_sides=(32, 48), mean_rgb=MEAN).numpy()

    def reference(side):
        scaled = rescale(tf.constant(image), side).numpy() - np.array(MEAN)
        third = scaled.shape[1] // 3
        left, right = scaled[:, :third].mean() / 50, scaled[:, -third:].mean() / 50
        return (_softmax(np.array([left, right])) + _softmax(np.array([right, left]))) / 2

    # Flipped, the mean over a third is the same set of pixels: the two orders of one pair of scores.
    np.testing.assert_allclose(found, [reference(32), reference(48)], atol=1e-5)


def test_without_flip_the_image_counts_alone():
    def net(batch):
        return tf.stack([batch[:, :, :1, 0], batch[:, :, -1:, 0]], axis=-1)

    image = np.zeros((8, 8, 3), np.uint8)
    image[:, :4] = 4
    alone = scoring.dense(net, tf.constant(image), shorter_side=8, mean_rgb=(0, 0, 0), flip=False)
    np.testing.assert_allclose(alone, _softmax(np.array([4.0, 0.0])), rtol=1e-4)
    both = scoring.dense(net, tf.constant(image), shorter_side=8, mean_rgb=(0, 0, 0), flip=True)
    np.testing.assert_allclose(both, [0.5, 0.5], rtol=1e-4)
