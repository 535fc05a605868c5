"""The learning rate by epoch (section 3.1: decreased by a factor of 10 three times)."""

from components.recipe import Training


def learning_rate(training: Training, epoch: int) -> float:
    """The rate of `epoch`, counted from 0: a tenth for each of `training.drops` that it has reached."""
    return training.learning_rate * 0.1 ** sum(epoch >= drop for drop in training.drops)
