"""Local response normalisation of configuration A-LRN (section 2.1, Krizhevsky et al. 2012, section 3.3)."""

import keras
import tensorflow as tf

# Krizhevsky's k, n, alpha, beta. TensorFlow takes the radius (n - 1) / 2 and, as the paper, does not divide
# alpha by n (Caffe and PyTorch do); its own defaults (radius 5, bias 1, alpha 1, beta 0.5) are others.
K, N, ALPHA, BETA = 2.0, 5, 1e-4, 0.75


@keras.saving.register_keras_serializable(package="vgg")
class LocalResponseNorm(keras.layers.Layer):
    """b = a / (k + alpha * sum of a^2 over 5 neighbouring channels)^beta.

    Input and output: float [N, H, W, C]. No weights.
    """

    def call(self, activations):
        """Normalises each channel by its neighbours; computed in float32, the op knows no bfloat16."""
        normalised = tf.nn.local_response_normalization(
            tf.cast(activations, tf.float32), depth_radius=(N - 1) // 2, bias=K, alpha=ALPHA, beta=BETA
        )
        return tf.cast(normalised, activations.dtype)

    def compute_output_shape(self, input_shape):
        """The shape does not change."""
        return input_shape
