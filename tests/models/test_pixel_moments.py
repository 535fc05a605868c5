"""Mean RGB and covariance in one pass, against NumPy in float64 over all pixels at once."""

import numpy as np
import tensorflow as tf

from models.pixel_moments import mean_and_covariance, pixel_moments


def test_by_hand():
    """Two images of one and three pixels: the mean of image means would be (100, 5, 0)."""
    small = tf.constant([[[200, 10, 0]]], tf.uint8)
    large = tf.constant([[[0, 0, 0], [0, 0, 0], [0, 0, 0]]], tf.uint8)
    mean, covariance = mean_and_covariance(pixel_moments(small) + pixel_moments(large))
    np.testing.assert_allclose(mean, [50, 2.5, 0])
    np.testing.assert_allclose(covariance, [[7500, 375, 0], [375, 18.75, 0], [0, 0, 0]])


def test_against_numpy_over_images_of_different_sizes():
    generator = np.random.default_rng(7)
    pictures = [
        generator.integers(low, 256, (*generator.integers(1, 400, 2), 3), np.uint8)
        for low in (0, 50, 200, 250)
    ]
    mean, covariance = mean_and_covariance(sum(pixel_moments(tf.constant(picture)) for picture in pictures))
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures]).astype(np.float64)
    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(covariance, np.cov(pixels.T, bias=True), atol=1e-6)


def test_the_largest_sums_are_exact():
    """White, the last block of pixels not full: a float32 sum of all would be off."""
    moments = pixel_moments(tf.fill([301, 299, 3], tf.constant(255, tf.uint8)))
    np.testing.assert_array_equal(moments, 301 * 299 * np.array([1, *[255] * 3, *[255**2] * 9], np.float64))


def test_no_pixels_is_not_a_number():
    mean, _ = mean_and_covariance(tf.zeros([13], tf.float64))
    assert np.isnan(mean).all()
