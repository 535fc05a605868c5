"""Mean RGB and covariance of a training set's pixels (sections 2.1 and 3.1), in one pass.

Images differ in size, so each is first reduced to its moments: count, sum and sum of outer products of its
pixels. Moments of images add up. The mean of image means would be another number.
"""

import tensorflow as tf

MOMENTS = 13  # one count, three sums, nine products


def pixel_moments(image: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 3] to float64 [13]. Exact: all sums are whole numbers far below 2^53."""
    pixels = tf.cast(tf.reshape(image, [-1, 3]), tf.float64)
    count = tf.cast(tf.shape(pixels)[0], tf.float64)
    products = tf.linalg.matmul(pixels, pixels, transpose_a=True)
    return tf.concat([count[tf.newaxis], tf.reduce_sum(pixels, 0), tf.reshape(products, [9])], 0)


def mean_and_covariance(moments: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Summed moments, float64 [13], to the mean RGB [3] in grey levels and the covariance [3, 3] in squared
    grey levels, divided by the count and not by count - 1. NaN where no pixel was counted.
    """
    mean = moments[1:4] / moments[0]
    covariance = tf.reshape(moments[4:], [3, 3]) / moments[0] - mean[:, tf.newaxis] * mean[tf.newaxis]
    return mean, covariance
