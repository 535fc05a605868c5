"""Epochs, validation, the learning rate and checkpoints around the training step (section 3.1)."""

import dataclasses
import itertools
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import keras
import tensorflow as tf
from rich.console import Console

from components.recipe import Training
from components.training import tensorboard
from components.training.batches import Epoch, training_batches, validation_batches
from components.training.checkpoints import Checkpoints, Position
from components.training.distribution import Workers
from components.training.objective import Classification, Objective
from components.training.preemption import Preemption
from components.training.progress import RunningMean, TrainingProgress
from components.training.step import TrainingStep
from models.errors import InputError, Preempted, Untrainable, cause_of

CHECKPOINT_SECONDS = 300.0


@dataclass(frozen=True)
class Data:
    """Datasets for training, not batched.

    Attributes:
        epoch: see Epoch; called once, within a graph, for all epochs.
        validation: a dataset of (crop, answer).
        images: training images that decode.
    """

    epoch: Epoch
    validation: tf.data.Dataset
    images: int


class Loop:
    """Trains one network. Build it, and `model`, inside `strategy.scope()`."""

    def __init__(
        self,
        model: keras.Model,
        training: Training,
        strategy: tf.distribute.Strategy,
        objective: Objective | None = None,
    ):
        self._model, self._training, self._objective = model, training, objective or Classification()
        self._workers = Workers(strategy)
        self._step = TrainingStep(model, training, strategy, self._objective)

    def run(self, data: Data, folder: str, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> None:
        """Trains to the end, from the newest checkpoint in `folder` if there is one.

        Checkpoints go to `folder` after each epoch and every `checkpoint_seconds`, TensorBoard's files to
        `folder`/logs.

        Raises:
            InputError: fewer images than one batch holds; a full disk.
            Untrainable: a loss or a weight that is not finite; too little memory for the batch.
            Preempted: SIGTERM came.
        """
        try:
            self._train(data, folder, checkpoint_seconds)
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise self._exhausted(error, folder) from None

    def _train(self, data: Data, folder: str, checkpoint_seconds: float) -> None:
        steps = self._steps_per_epoch(data.images)
        writes = self._workers.chief
        checkpoints = Checkpoints(folder, self._model, self._step.optimizer, writes=writes)
        position = checkpoints.restore() or Position()
        self._check_same(position, folder)
        most = min(steps * self._training.most_epochs, self._training.most_steps or math.inf)
        writer = (
            tf.summary.create_file_writer(f"{folder}/logs") if writes else tf.summary.create_noop_writer()
        )
        with (
            self._progress(most, position, writes) as progress,
            writer.as_default(),
            Preemption() as stop,
        ):
            if position.step:
                progress.resumed(position.step, position.schedule.epoch)
            else:
                tensorboard.write_experiment(self._training, self._model)
            saver = _Saver(checkpoints, stop, checkpoint_seconds, self._workers)
            batches, passes = self._batches(data, position, steps), self._passes(data, position)
            while not position.schedule.finished and position.step < most:
                remaining = min(steps - position.step_of_epoch, most - position.step)
                position = self._epoch(batches, position, remaining, progress, saver)
                position = self._after_epoch(position, next(passes, ()), progress)
                saver.save(position)
                saver.stop_if_asked(position)

    def _progress(self, steps: int, position: Position, writes: bool) -> TrainingProgress:
        console = None if writes else Console(quiet=True)
        return TrainingProgress(steps, position.step, self._objective, console)

    def _epoch(self, batches: Iterator, position: Position, steps: int, progress, saver) -> Position:
        """Trains the remaining `steps` of the epoch that `position` is in."""
        epoch, rate = position.schedule.epoch, position.schedule.rate(self._training)
        self._step.set_learning_rate(rate)
        seen, end = position.seen, position.step + steps
        for crops, answers, places, rows in itertools.islice(batches, steps):
            epoch_of_batch, last = self._workers.local(places)[0].tolist()
            if epoch_of_batch != epoch:
                break
            if position.step == 0:
                tensorboard.write_crops(self._workers.local(crops))
            position = self._one((crops, answers, rows), position, seen)
            position = dataclasses.replace(position, next_image=last + 1)
            progress.step(epoch, rate, seen, self._training.batch)
            saver.save_if_due(position)
        if position.step < end:
            raise InputError(
                f"training split: epoch {epoch + 1} ended {end - position.step} batches early; expected all "
                "images that Transform counted; its TFRecords have changed since: run again"
            )
        return position

    def _one(self, batch, position: Position, seen: RunningMean) -> Position:
        images, (loss, *right) = self._step.train(batch, position.step)
        step = position.step + 1
        if not math.isfinite(loss):
            raise Untrainable(
                f"training: the loss of step {step} is {loss}; lower the experiment's learning rate or "
                "choose another initialisation; the last good checkpoint is kept"
            )
        seen.add(images, loss, *right)
        return dataclasses.replace(position, step=step, step_of_epoch=position.step_of_epoch + 1)

    def _after_epoch(self, position: Position, batches: Iterator, progress: TrainingProgress) -> Position:
        held_out = RunningMean()
        for crops, answers, _ in batches:
            images, sums = self._step.validate((crops, answers))
            held_out.add(images, *sums)
        schedule = position.schedule
        rate = schedule.rate(self._training)
        progress.epoch(schedule.epoch, rate, position.seen, held_out)
        speed, names = progress.images_per_second, self._objective.errors
        tensorboard.write_epoch(position.step, position.seen, held_out, names, rate, speed)
        tensorboard.write_filters(self._model, position.step)
        after = schedule.after_epoch(self._training, held_out.errors[0])
        return Position(schedule=after, step=position.step)

    def _batches(self, data: Data, position: Position, steps: int) -> Iterator:
        """Of all epochs from `position` on: see training_batches."""
        batches = training_batches(
            data.epoch,
            size=self._training.batch,
            steps=steps,
            first=position.schedule.epoch,
            done=position.step_of_epoch,
            place=position.next_image,
            end=self._training.most_epochs,
        )
        return iter(self._workers.split(batches, self._training.batch))

    def _passes(self, data: Data, position: Position) -> Iterator[Iterator]:
        """For each epoch left the batches of one pass over the held-out images."""
        batch, passes = self._training.batch, self._training.most_epochs - position.schedule.epoch
        batches = validation_batches(data.validation, size=batch, passes=passes)
        all_passes = iter(self._workers.split(batches, batch))
        by_pass = itertools.groupby(all_passes, lambda batch: int(self._workers.local(batch[2])[0]))
        return (one for _, one in by_pass)

    def _exhausted(self, error: Exception, folder: str) -> InputError:
        """TensorFlow has one error for memory, in the step as in the data, and for TensorBoard's disk."""
        cause = cause_of(error)
        if "No space left" in cause or "File too large" in cause:
            return InputError(
                f"folder {folder}/logs: cannot be written ({cause}); free some space and run again"
            )
        return Untrainable(
            f"training: no memory for a batch of {self._training.batch} ({cause}); lower the experiment's "
            "batch or train in bfloat16"
        )

    def _check_same(self, position: Position, folder: str) -> None:
        if not self._workers.agree(position.step):
            raise InputError(
                f"checkpoint folder {folder}: this worker's newest is of step {position.step} and another's "
                "is not; the folder must be one that all workers share"
            )

    def _steps_per_epoch(self, images: int) -> int:
        if self._training.batch < self._workers.replicas:
            raise InputError(
                f"batch of {self._training.batch} over {self._workers.replicas} devices: expected at least "
                "one image for each; choose an experiment with a larger batch or use fewer devices"
            )
        if images < self._training.batch:
            raise InputError(
                f"training split: {images} images that decode; expected at least a batch of "
                f"{self._training.batch}; add images or choose an experiment with a smaller batch"
            )
        return images // self._training.batch


class _Saver:
    """Decides when a checkpoint is due: after so many seconds, or when the end is asked for.

    Only the end must be decided by all workers together: only one of them writes.
    """

    def __init__(self, checkpoints: Checkpoints, stop: Preemption, seconds: float, workers: Workers):
        self._checkpoints, self._stop, self._seconds, self._workers = checkpoints, stop, seconds, workers
        self._last = time.monotonic()

    def save_if_due(self, position: Position) -> None:
        """Raises Preempted, with a checkpoint written, once SIGTERM has come to one of the workers."""
        asked = self._workers.any(self._stop.asked)
        if asked or time.monotonic() - self._last >= self._seconds:
            self.save(position)
        self._stop_if(asked, position)

    def stop_if_asked(self, position: Position) -> None:
        """Raises Preempted once SIGTERM has come; the checkpoint is there."""
        self._stop_if(self._workers.any(self._stop.asked), position)

    def save(self, position: Position) -> None:
        """Writes one now."""
        self._checkpoints.save(position)
        self._last = time.monotonic()

    def _stop_if(self, asked: bool, position: Position) -> None:
        if asked:
            raise Preempted(f"stopped by SIGTERM after step {position.step}; run the same command to go on")
