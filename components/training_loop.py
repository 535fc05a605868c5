"""Mini-batch SGD with momentum on the multinomial logistic loss (section 3.1), over all devices.

Each step's batch is split over the replicas, and gradients are summed with the loss divided by the whole
batch: the result is that of one device.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from components.progress import RunningMean, TrainingProgress
from components.recipe import Training
from components.schedule import learning_rate
from models.errors import InputError


@dataclass(frozen=True)
class Data:
    """Batches for training.

    Attributes:
        epoch: the epoch's number, from 0, to a dataset of (crop, class), not batched.
        validation: a dataset of (crop, class), not batched.
        images: training images.
    """

    epoch: Callable[[int], tf.data.Dataset]
    validation: tf.data.Dataset
    images: int


class Loop:
    """Trains one network. Build it, and `model`, inside `strategy.scope()`."""

    def __init__(self, model: keras.Model, training: Training, strategy: tf.distribute.Strategy):
        self._model, self._training, self._strategy = model, training, strategy
        self._optimizer = keras.optimizers.SGD(training.learning_rate, momentum=training.momentum)
        self._optimizer.build(model.trainable_variables)
        self._kernels = [v for v in model.trainable_variables if v.path.endswith("kernel")]

    def run(self, data: Data, log_dir: str) -> None:
        """Trains to the end, shows progress, and writes TensorBoard scalars into `log_dir`.

        Raises:
            InputError: fewer images than one batch holds; a loss that is not finite.
        """
        steps = self._steps_per_epoch(data.images)
        total = min(steps * self._training.epochs, self._training.most_steps or math.inf)
        epochs = math.ceil(total / steps)
        validation = self._distribute(data.validation, drop_remainder=False)
        writer = tf.summary.create_file_writer(log_dir)
        with TrainingProgress(total) as progress, writer.as_default():
            for epoch in range(epochs):
                rate = learning_rate(self._training, epoch)
                self._optimizer.learning_rate = rate
                batches = self._distribute(data.epoch(epoch), drop_remainder=True)
                first = epoch * steps
                seen = self._epoch(batches, min(steps, total - first), epoch, first, progress)
                held_out = self._validate(validation)
                progress.epoch(epoch, epochs, rate, seen, held_out)
                _summarise(min(first + steps, total), seen, held_out, rate, progress.images_per_second)

    def _epoch(self, batches, steps: int, epoch: int, first: int, progress: TrainingProgress) -> RunningMean:
        seen = RunningMean()
        for step, batch in zip(range(steps), batches):  # noqa: B905 - the last epoch may end early
            loss, correct = (float(value) for value in self._train_step(batch))
            if not math.isfinite(loss):
                raise InputError(
                    f"training: the loss of step {first + step + 1} is {loss}; "
                    "lower the experiment's learning rate or choose another initialisation"
                )
            seen.add(self._training.batch, loss, correct)
            progress.step(epoch, seen, self._training.batch)
        return seen

    def _validate(self, batches) -> RunningMean:
        seen = RunningMean()
        for batch in batches:
            loss_sum, correct, images = (float(value) for value in self._validation_step(batch))
            if images:
                seen.add(int(images), loss_sum / images, correct)
        return seen

    def _steps_per_epoch(self, images: int) -> int:
        if images < self._training.batch:
            raise InputError(
                f"training split: {images} images that decode; expected at least a batch of "
                f"{self._training.batch}; add images or choose an experiment with a smaller batch"
            )
        return images // self._training.batch

    def _distribute(self, crops: tf.data.Dataset, *, drop_remainder: bool):
        batches = crops.batch(self._training.batch, drop_remainder=drop_remainder).prefetch(2)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
        return self._strategy.experimental_distribute_dataset(batches.with_options(options))

    @tf.function
    def _train_step(self, batch):
        loss, correct = self._strategy.run(self._replica_train_step, args=batch)
        return self._sum(loss), self._sum(correct)

    @tf.function
    def _validation_step(self, batch):
        return [self._sum(value) for value in self._strategy.run(self._replica_validation_step, args=batch)]

    def _sum(self, per_replica):
        return self._strategy.reduce(tf.distribute.ReduceOp.SUM, per_replica, axis=None)

    def _replica_train_step(self, crops, labels):
        with tf.GradientTape() as tape:
            scores = self._model(crops, training=True)
            loss = tf.reduce_sum(_cross_entropy(scores, labels)) / self._training.batch
            # Coupled, on kernels and not on biases, as in the paper's Caffe: adds l2 * w to the gradient.
            penalty = tf.add_n([tf.nn.l2_loss(kernel.value) for kernel in self._kernels])
            share = self._training.l2 / self._strategy.num_replicas_in_sync
            objective = loss + share * penalty
        variables = self._model.trainable_variables
        gradients = tape.gradient(objective, [variable.value for variable in variables])
        self._optimizer.apply(gradients, variables)
        return loss, _correct(scores, labels)

    def _replica_validation_step(self, crops, labels):
        scores = self._model(crops, training=False)
        images = tf.cast(tf.size(labels), tf.float32)
        return tf.reduce_sum(_cross_entropy(scores, labels)), _correct(scores, labels), images


def _cross_entropy(scores: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.cast(scores, tf.float32))


def _correct(scores: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(tf.equal(tf.argmax(scores, axis=1), labels), tf.float32))


def _summarise(step: int, seen: RunningMean, held_out: RunningMean, rate: float, speed: float) -> None:
    for name, value in {
        "train/loss": seen.mean_loss,
        "train/top1_error": seen.top1_error,
        "validation/loss": held_out.mean_loss,
        "validation/top1_error": held_out.top1_error,
        "learning_rate": rate,
        "images_per_second": speed,
    }.items():
        tf.summary.scalar(name, value, step=step)
