"""Random RGB colour shift (section 3.1, from Krizhevsky et al. 2012, section 4.1).

To each pixel of a crop is added [p1 p2 p3][a1 l1, a2 l2, a3 l3]^T: p and l are eigenvectors and eigenvalues
of the covariance of the training set's pixels, a_i ~ N(0, 0.1) drawn once an image and use.

The scale is a choice, as with pixels in 0..255 the literal formula shifts by hundreds of grey levels: l is
taken of pixels in 0..1, so l = eigenvalue / 255 in grey levels. On ImageNet that is the l = [55.5, 4.8, 1.1]
in common use, a shift of about five grey levels along the first component.
"""

import numpy as np
import tensorflow as tf

STANDARD_DEVIATION = 0.1
WHITE = 255.0


def principal_components(covariance: np.ndarray) -> np.ndarray:
    """Columns p_i l_i, float32 [3, 3] in grey levels, of a covariance [3, 3] in squared grey levels."""
    eigenvalues, eigenvectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    return (eigenvectors * (eigenvalues / WHITE)).astype(np.float32)


def colour_shift(components: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """What to add to each pixel of one crop, float32 [3], from `principal_components` and a seed int [2]."""
    draws = tf.random.stateless_normal([3], seed, stddev=STANDARD_DEVIATION)
    return tf.reduce_sum(tf.constant(components) * draws, axis=1)
