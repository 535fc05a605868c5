"""SGD with momentum and a coupled L2 penalty (section 3.1), in place.

v = momentum v - rate (g + l2 w), w = w + v, as in the paper's Caffe, where the penalty is part of the
gradient that the momentum sums; kernels have it and biases do not.
"""

import keras
import tensorflow as tf

LAST_LAYER = "fc8/"
"""Begins the paths of its variables."""


class MomentumSGD(keras.optimizers.SGD):
    """`keras.optimizers.SGD` whose step reads and writes each weight once, without temporary copies.

    Keras's own makes three of each weight and gradient in turn, and a penalty in the loss two more: net D
    has 553 MB of weights. The gradients of replicas are summed before the penalty is added, so that it
    counts once whatever their number.
    """

    def __init__(self, learning_rate: float, momentum: float, l2: float, last_layer_rate: float = 1.0):
        """`last_layer_rate`: fc8's learning rate as a multiple of the others'."""
        super().__init__(learning_rate, momentum=momentum)
        self._l2, self._last_layer_rate = l2, last_layer_rate

    def update_step(self, gradient, variable, learning_rate):
        """One step of one replica's copy of a weight, a tf.Variable."""
        rate = tf.cast(learning_rate, variable.dtype)
        index = self._get_variable_index(variable)
        if self._trainable_variables[index].path.startswith(LAST_LAYER):
            rate *= self._last_layer_rate
        l2 = self._l2 if len(variable.shape) > 1 else 0.0
        if not self.momentum:
            variable.assign_sub(rate * (gradient + l2 * variable))
            return
        velocity = self.momentums[index].value
        if l2:
            # v - rate l2 / momentum w, which the next line multiplies by the momentum.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=velocity.handle, alpha=rate * (l2 / self.momentum), delta=variable
            )
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle, accum=velocity.handle, lr=rate, grad=gradient, momentum=self.momentum
        )
