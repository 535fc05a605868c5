"""Epochs, validation, the learning rate and checkpoints around the training step (section 3.1)."""

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from components import tensorboard
from components.checkpoints import Checkpoints, Position
from components.preemption import Preemption
from components.progress import RunningMean, TrainingProgress
from components.recipe import Training
from components.training_step import TrainingStep
from models.errors import InputError, Preempted

CHECKPOINT_SECONDS = 300.0


@dataclass(frozen=True)
class Data:
    """Datasets for training, not batched.

    Attributes:
        epoch: (epoch, place of the first image wanted) to a dataset of (crop, class, place).
        validation: a dataset of (crop, class).
        images: training images that decode.
    """

    epoch: Callable[[int, int], tf.data.Dataset]
    validation: tf.data.Dataset
    images: int


class Loop:
    """Trains one network. Build it, and `model`, inside `strategy.scope()`."""

    def __init__(self, model: keras.Model, training: Training, strategy: tf.distribute.Strategy):
        self._model, self._training, self._strategy = model, training, strategy
        self._step = TrainingStep(model, training, strategy)

    def run(self, data: Data, folder: str, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> None:
        """Trains to the end, from the newest checkpoint in `folder` if there is one.

        Checkpoints go to `folder` after each epoch and every `checkpoint_seconds`, TensorBoard's files to
        `folder`/logs.

        Raises:
            InputError: fewer images than one batch holds; a loss that is not finite; a full disk; too
                little memory for the batch.
            Preempted: SIGTERM came.
        """
        steps = self._steps_per_epoch(data.images)
        checkpoints = Checkpoints(folder, self._model, self._step.optimizer)
        position = checkpoints.restore() or Position()
        most = min(steps * self._training.most_epochs, self._training.most_steps or math.inf)
        writer = tf.summary.create_file_writer(f"{folder}/logs")
        with TrainingProgress(most, position.step) as progress, writer.as_default(), Preemption() as stop:
            if position.step:
                progress.resumed(position.step, position.schedule.epoch)
            else:
                tensorboard.write_experiment(self._training, self._model)
            saver = _Saver(checkpoints, stop, checkpoint_seconds)
            validation = self._distribute(data.validation, drop_remainder=False)
            while not position.schedule.finished and position.step < most:
                remaining = min(steps - position.step_of_epoch, most - position.step)
                position = self._epoch(data, position, remaining, progress, saver)
                position = self._after_epoch(position, validation, progress)
                saver.save(position)
                saver.stop_if_asked(position)

    def _epoch(self, data: Data, position: Position, steps: int, progress, saver) -> Position:
        """Trains the remaining `steps` of the epoch that `position` is in."""
        epoch, rate = position.schedule.epoch, position.schedule.rate(self._training)
        self._step.set_learning_rate(rate)
        crops = data.epoch(epoch, position.next_image)
        seen, end = position.seen, position.step + steps
        if position.step == 0:
            tensorboard.write_crops(next(iter(crops.batch(16)))[0])
        for _, batch in zip(range(steps), self._distribute(crops, drop_remainder=True)):  # noqa: B905
            position = self._one(batch, position, seen)
            progress.step(epoch, rate, seen, self._training.batch)
            saver.save_if_due(position)
        if position.step < end:
            raise InputError(
                f"training split: epoch {epoch + 1} ended {end - position.step} batches early; expected all "
                "images that Transform counted; its TFRecords have changed since: run again"
            )
        return position

    def _one(self, batch, position: Position, seen: RunningMean) -> Position:
        try:
            (loss, *right), last = self._step.train(batch)
        except tf.errors.ResourceExhaustedError as error:
            raise InputError(
                f"training: no memory for a batch of {self._training.batch} "
                f"({error.message.splitlines()[0]}); lower the experiment's batch or train in bfloat16"
            ) from None
        step = position.step + 1
        if not math.isfinite(loss):
            raise InputError(
                f"training: the loss of step {step} is {loss}; lower the experiment's learning rate or "
                "choose another initialisation; the last good checkpoint is kept"
            )
        seen.add(self._training.batch, loss, *right)
        return dataclasses.replace(
            position, step=step, step_of_epoch=position.step_of_epoch + 1, next_image=last + 1
        )

    def _after_epoch(self, position: Position, validation, progress: TrainingProgress) -> Position:
        held_out = RunningMean()
        for batch in validation:
            images, sums = self._step.validate(batch)
            held_out.add(images, *sums)
        schedule = position.schedule
        rate = schedule.rate(self._training)
        progress.epoch(schedule.epoch, rate, position.seen, held_out)
        tensorboard.write_epoch(position.step, position.seen, held_out, rate, progress.images_per_second)
        tensorboard.write_filters(self._model, position.step)
        after = schedule.after_epoch(self._training, held_out.top1_error)
        return Position(schedule=after, step=position.step)

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


class _Saver:
    """Decides when a checkpoint is due: after so many seconds, or when the end is asked for."""

    def __init__(self, checkpoints: Checkpoints, stop: Preemption, seconds: float):
        self._checkpoints, self._stop, self._seconds = checkpoints, stop, seconds
        self._last = time.monotonic()

    def save_if_due(self, position: Position) -> None:
        """Raises Preempted, with a checkpoint written, once SIGTERM has come."""
        if self._stop.asked or time.monotonic() - self._last >= self._seconds:
            self.save(position)
        self.stop_if_asked(position)

    def stop_if_asked(self, position: Position) -> None:
        """Raises Preempted once SIGTERM has come; the checkpoint is there."""
        if self._stop.asked:
            raise Preempted(f"stopped by SIGTERM after step {position.step}; run the same command to go on")

    def save(self, position: Position) -> None:
        """Writes one now."""
        self._checkpoints.save(position)
        self._last = time.monotonic()
