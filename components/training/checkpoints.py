"""Checkpoints of a training: weights, momentum, schedule, position in the data.

One folder for each training, named by what it is made of, so that the same command finds it again after a
kill. A checkpoint appears whole or not at all, and the one before it is kept.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import keras
import tensorflow as tf

from components.training.progress import RunningMean
from components.training.schedule import Schedule
from models.errors import InputError, Untrainable, cause_of, one_line

KEPT = 2
# What TensorFlow raises: variables that are missing, of another shape, and three kinds of damage.
UNREADABLE = (AssertionError, ValueError, LookupError, RuntimeError, tf.errors.OpError)
LONGEST_CAUSE = 200  # characters; TensorFlow names all variables that it misses


@dataclass(frozen=True)
class Position:
    """Where a training is.

    Attributes:
        schedule: of the epoch being trained.
        step: steps done in all.
        step_of_epoch: steps done in this epoch.
        next_image: place in the epoch's order of the first image not yet used.
        seen: running means of this epoch.
    """

    schedule: Schedule = Schedule()
    step: int = 0
    step_of_epoch: int = 0
    next_image: int = 0
    seen: RunningMean = field(default_factory=RunningMean)

    def to_json(self) -> str:
        """One line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Position":
        """The inverse of to_json."""
        values = json.loads(text)
        schedule, seen = Schedule(**values.pop("schedule")), values.pop("seen")
        seen = RunningMean(seen["images"], seen["loss"], tuple(seen["right"]))
        return cls(schedule=schedule, seen=seen, **values)


class Checkpoints:
    """Checkpoints in one folder of the variables of a model and an optimizer.

    There is no random state: everything is drawn from the seed, the step and places (models/dropout.py).

    With `writes` false nothing is written: of several workers, which hold the same variables, one writes.
    """

    def __init__(
        self, folder: str, model: keras.Model, optimizer: keras.optimizers.Optimizer, *, writes: bool = True
    ):
        self._writes = writes
        self._variables = [variable.value for variable in (*model.variables, *optimizer.variables)]
        self._position = tf.Variable("", dtype=tf.string, trainable=False)
        checkpoint = tf.train.Checkpoint(position=self._position, variables=self._variables)
        self._checkpoint, self._folder = checkpoint, folder
        self._manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=KEPT)

    def restore(self) -> Position | None:
        """Restores the newest checkpoint and returns its position, or None where there is none.

        Raises:
            InputError: it is damaged, or not of this net and optimizer, as after a change of version.
        """
        newest = self._manager.latest_checkpoint
        if not newest:
            return None
        try:
            self._checkpoint.restore(newest).assert_consumed()
        except UNREADABLE as error:
            cause = one_line(cause_of(error), LONGEST_CAUSE)
            raise InputError(
                f"checkpoint {newest}: cannot be restored ({cause}); expected this training's variables as "
                "this version writes them; remove its folder to train from the start"
            ) from None
        return Position.from_json(self._position.numpy().decode())

    def save(self, position: Position) -> None:
        """Writes a checkpoint; a state that is not finite is not written.

        Raises:
            InputError: the folder cannot be written. Earlier checkpoints stay.
            Untrainable: a weight is not finite. They stay too.
        """
        if not all(_is_finite(variable) for variable in self._variables):
            raise Untrainable(
                f"training: after step {position.step} a weight is not finite; lower the experiment's "
                f"learning rate; the last good checkpoint is in {self._folder}"
            )
        if not self._writes:
            return
        self._position.assign(position.to_json())
        try:
            self._manager.save(checkpoint_number=position.step)
        except (tf.errors.OpError, OSError) as error:
            self._remove_parts()
            raise InputError(
                f"checkpoint folder {self._folder}: cannot be written ({cause_of(error)}); free some space "
                "or make it writable and run again: earlier checkpoints are kept"
            ) from None

    def _remove_parts(self) -> None:
        """Removes the files of a checkpoint that was not completed: they take the room that is lacking."""
        with contextlib.suppress(tf.errors.OpError):
            for part in tf.io.gfile.glob(os.path.join(self._folder, "ckpt-*_temp")):
                tf.io.gfile.rmtree(part)


def folder_name(parts: Sequence[str]) -> str:
    """A short name of all that decides a training's result."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _is_finite(variable: tf.Variable) -> bool:
    return not variable.dtype.is_floating or bool(tf.reduce_all(tf.math.is_finite(variable)))
