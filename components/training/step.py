"""One step of mini-batch SGD with momentum on the multinomial logistic loss (section 3.1).

Each batch is split over the replicas; each replica divides its loss by the whole batch, drops what one device
would drop of its images, and gradients are summed: the result is that of one device.
"""

import keras
import tensorflow as tf

from components.recipe import Precision, Training
from components.training.batches import NO_CLASS
from components.training.momentum_sgd import MomentumSGD
from models.dropout import NetWithDropout
from models.scoring import among_best


class TrainingStep:
    """Training and validation of one batch. Build it, and `model`, inside `strategy.scope()`.

    Attributes:
        optimizer: SGD with momentum, built.
    """

    def __init__(self, model: keras.Model, training: Training, strategy: tf.distribute.Strategy):
        self._model, self._training, self._strategy = model, training, strategy
        self._with_dropout = NetWithDropout(
            model, share=training.dropout, batch=training.batch, seed=training.seed
        )
        sgd = MomentumSGD(training.learning_rate, training.momentum, training.l2, training.last_layer_rate)
        self._scaled = training.precision is Precision.FLOAT16
        self.optimizer = keras.optimizers.LossScaleOptimizer(sgd) if self._scaled else sgd
        self.optimizer.build(model.trainable_variables)
        self._sgd = sgd
        self._train = tf.function(self._train_all, jit_compile=training.jit_compile or None)
        self._validate = tf.function(self._validate_all)

    def set_learning_rate(self, rate: float) -> None:
        """Sets the learning rate of all steps from now on."""
        self._sgd.learning_rate = rate

    def train(self, batch, step: int) -> list[float]:
        """Step number `step` of the training, from 0, on a distributed batch.

        Args:
            batch: for each image its crop, its class and its own row in the batch.
            step: with the row it decides what dropout drops.

        Returns:
            Sums over the batch of the cross-entropy (nats) and of images with their class among the one and
            the five best.
        """
        return [float(value) for value in self._train(batch, tf.constant(step, tf.int64))]

    def validate(self, batch) -> tuple[int, list[float]]:
        """Number of images, and the sums that `train` returns, without training on them.

        Images of NO_CLASS count nowhere.
        """
        images, *sums = (float(value) for value in self._validate(batch))
        return int(images), sums

    def _train_all(self, batch, step):
        return self._sum(self._strategy.run(self._train_replica, args=(*batch, step)))

    def _validate_all(self, batch):
        return self._sum(self._strategy.run(self._validate_replica, args=batch))

    def _sum(self, per_replica):
        return [self._strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None) for value in per_replica]

    def _train_replica(self, crops, labels, rows, step):
        variables = self._model.trainable_variables
        with tf.GradientTape() as tape:
            scores = self._with_dropout(crops, rows, step)
            objective = tf.reduce_sum(_cross_entropy(scores, labels)) / self._training.batch
            if self._scaled:
                objective = self.optimizer.scale_loss(objective)
        gradients = tape.gradient(objective, [v.value for v in variables])
        # A weight that the backward pass still reads would be copied to be changed: 411 MB for fc6.
        with tf.control_dependencies(gradients):
            self.optimizer.apply(gradients, variables)
        return _sums(scores, labels)

    def _validate_replica(self, crops, labels):
        scores = self._model(crops, training=False)
        held_out = tf.cast(labels != NO_CLASS, tf.float32)
        return [tf.reduce_sum(held_out), *_sums(scores, tf.maximum(labels, 0), held_out)]


def _sums(scores: tf.Tensor, labels: tf.Tensor, counted: tf.Tensor | float = 1.0) -> list[tf.Tensor]:
    right = [tf.cast(among_best(scores, labels, k), tf.float32) for k in (1, 5)]
    return [tf.reduce_sum(each * counted) for each in (_cross_entropy(scores, labels), *right)]


def _cross_entropy(scores: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.cast(scores, tf.float32))
