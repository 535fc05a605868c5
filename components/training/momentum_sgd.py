"""SGD with momentum and a coupled L2 penalty (section 3.1), in place.

v = momentum v - rate (g + l2 w), w = w + v, as in the paper's Caffe, where the penalty is part of the
gradient that the momentum sums; kernels have it and biases do not.
"""

import keras
import tensorflow as tf


class MomentumSGD(keras.optimizers.SGD):
    """`keras.optimizers.SGD` whose step reads and writes each weight once, without temporary copies.

    Keras's own makes three of each weight and gradient in turn, and a penalty in the loss two more: net D
    has 553 MB of weights. The gradients of replicas are summed before the penalty is added, so that it
    counts once whatever their number.
    """

    def __init__(self, learning_rate: float, momentum: float, l2: float):
        super().__init__(learning_rate, momentum=momentum)
        self._l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        """One step of one replica's copy of a weight, a tf.Variable."""
        rate = tf.cast(learning_rate, variable.dtype)
        l2 = self._l2 if len(variable.shape) > 1 else 0.0
        if not self.momentum:
            variable.assign_sub(rate * (gradient + l2 * variable))
            return
        velocity = self.momentums[self._get_variable_index(variable)].value
        if l2:
            # v - rate l2 / momentum w, which the next line multiplies by the momentum.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=velocity.handle, alpha=rate * (l2 / self.momentum), delta=variable
            )
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle, accum=velocity.handle, lr=rate, grad=gradient, momentum=self.momentum
        )
