"""The learning rate (section 3.1): divided by 10 when the validation accuracy stops improving, three times.

`drops` of the experiment fixes the epochs instead, for runs whose length must be known beforehand.
"""

import dataclasses
import math
from dataclasses import dataclass

from components.recipe import Training

DROP = 0.1


@dataclass(frozen=True)
class Schedule:
    """State after some epochs; `after_epoch` gives the next one. It is part of a checkpoint, as JSON.

    Attributes:
        epoch: of the coming epoch, from 0.
        drops: how often the rate has been divided.
        best_error: the smallest validation error so far, share 0..1: top-1, or the objective's first.
        waited: epochs since then.
        finished: whether training ends here.
    """

    epoch: int = 0
    drops: int = 0
    best_error: float = math.inf
    waited: int = 0
    finished: bool = False

    def rate(self, training: Training) -> float:
        """The learning rate of the coming epoch."""
        return training.learning_rate * DROP**self.drops

    def after_epoch(self, training: Training, validation_error: float) -> "Schedule":
        """The state after an epoch that ended with this error on the validation crops."""
        epoch = self.epoch + 1
        if training.drops:
            drops = sum(epoch >= drop for drop in training.drops)
            return dataclasses.replace(self, epoch=epoch, drops=drops, finished=epoch >= training.most_epochs)
        after = self._plateau(training, validation_error)
        return dataclasses.replace(
            after, epoch=epoch, finished=after.finished or epoch >= training.most_epochs
        )

    def _plateau(self, training: Training, error: float) -> "Schedule":
        if error < self.best_error:
            return dataclasses.replace(self, best_error=error, waited=0)
        if self.waited + 1 < training.patience:
            return dataclasses.replace(self, waited=self.waited + 1)
        # A plateau ends training once the rate has been divided `most_drops` times.
        if self.drops == training.most_drops:
            return dataclasses.replace(self, finished=True)
        return dataclasses.replace(self, drops=self.drops + 1, waited=0)
