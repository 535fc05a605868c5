"""One step of mini-batch SGD with momentum (section 3.1) on what the objective says.

Each batch is split over the replicas; each replica divides its loss by the whole batch, drops what one device
would drop of its images, and gradients are summed: the result is that of one device.
"""

import keras
import tensorflow as tf

from components.recipe import Precision, Training
from components.training.momentum_sgd import MomentumSGD
from components.training.objective import Classification, Objective
from models.as_written import as_written
from models.dropout import NetWithDropout


class TrainingStep:
    """Training and validation of one batch. Build it, and `model`, inside `strategy.scope()`.

    Attributes:
        optimizer: SGD with momentum, built.
    """

    def __init__(
        self,
        model: keras.Model,
        training: Training,
        strategy: tf.distribute.Strategy,
        objective: Objective | None = None,
    ):
        self._model, self._training, self._strategy = model, training, strategy
        self._objective = objective or Classification()
        self._with_dropout = NetWithDropout(
            model, share=training.dropout, batch=training.batch, seed=training.seed
        )
        sgd = MomentumSGD(training.learning_rate, training.momentum, training.l2, training.last_layer_rate)
        self._scaled = training.precision is Precision.FLOAT16
        self.optimizer = keras.optimizers.LossScaleOptimizer(sgd) if self._scaled else sgd
        self.optimizer.build(model.trainable_variables)
        self._sgd = sgd
        self._train = tf.function(as_written(self._train_all), jit_compile=training.jit_compile or None)
        self._validate = tf.function(as_written(self._validate_all))

    def set_learning_rate(self, rate: float) -> None:
        """Sets the learning rate of all steps from now on."""
        self._sgd.learning_rate = rate

    def train(self, batch, step: int) -> tuple[int, list[float]]:
        """Step number `step` of the training, from 0, on a distributed batch.

        Args:
            batch: for each image its crop, its answer and its own row in the batch.
            step: with the row it decides what dropout drops.

        Returns:
            How many images of the batch count, and sums over them: of the loss and of those that are none of
            the objective's two errors.
        """
        return _figures(self._train(batch, tf.constant(step, tf.int64)))

    def validate(self, batch) -> tuple[int, list[float]]:
        """What `train` returns, without training on it."""
        return _figures(self._validate(batch))

    def _train_all(self, batch, step):
        return self._sum(self._strategy.run(self._train_replica, args=(*batch, step)))

    def _validate_all(self, batch):
        return self._sum(self._strategy.run(self._validate_replica, args=batch))

    def _sum(self, per_replica):
        return [self._strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None) for value in per_replica]

    def _train_replica(self, crops, answers, rows, step):
        variables = self._model.trainable_variables
        counted = self._objective.counted(answers)
        with tf.GradientTape() as tape:
            outputs = self._with_dropout(crops, rows, step)
            loss = self._objective.loss(outputs, answers)
            minimised = tf.reduce_sum(loss * counted) / self._training.batch
            if self._scaled:
                minimised = self.optimizer.scale_loss(minimised)
        gradients = tape.gradient(minimised, [v.value for v in variables])
        # A weight that the backward pass still reads would be copied to be changed: 411 MB for fc6.
        with tf.control_dependencies(gradients):
            self.optimizer.apply(gradients, variables)
        return self._sums(loss, outputs, answers, counted)

    def _validate_replica(self, crops, answers):
        outputs = self._model(crops, training=False)
        loss = self._objective.loss(outputs, answers)
        return self._sums(loss, outputs, answers, self._objective.counted(answers))

    def _sums(self, loss, outputs, answers, counted) -> list[tf.Tensor]:
        right = [tf.cast(each, tf.float32) for each in self._objective.right(outputs, answers)]
        return [tf.reduce_sum(counted), *(tf.reduce_sum(each * counted) for each in (loss, *right))]


def _figures(sums: list[tf.Tensor]) -> tuple[int, list[float]]:
    images, *others = (float(value) for value in sums)
    return int(images), others
