"""What a training minimises, and which errors people see of it."""

from typing import Protocol

import tensorflow as tf

from models.scoring import among_best

FILLER = -1
"""The class of what fills up a batch and counts nowhere."""


class Objective(Protocol):
    """A loss of what the network gives, and two errors, the first of which decides when the rate is divided.

    Attributes:
        title: of the two errors, in the line of an epoch.
        short: names of both, in the bar.
        errors: names of both, for TensorBoard.
    """

    title: str
    short: tuple[str, str]
    errors: tuple[str, str]

    def loss(self, outputs: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        """Of each row, float32 [n], of the network's outputs [n, k]."""

    def right(self, outputs: tf.Tensor, answers: tf.Tensor) -> list[tf.Tensor]:
        """For each of the two errors whether each row is none, bool [n]."""

    def counted(self, answers: tf.Tensor) -> tf.Tensor:
        """Which rows are images that count, float32 [n]: 1 or 0, as of a FILLER."""


class Classification:
    """Section 3.1: the multinomial logistic loss, nats; top-1 and top-5 error.

    Answers are classes, int64 [n].
    """

    title = "top-1/5 error"
    short = ("top-1", "top-5")
    errors = ("top1_error", "top5_error")

    def loss(self, outputs: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        """Cross-entropy of scores [n, classes]."""
        logits = tf.cast(outputs, tf.float32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.maximum(answers, 0), logits=logits)

    def right(self, outputs: tf.Tensor, answers: tf.Tensor) -> list[tf.Tensor]:
        """Whether the class is the best, and among the five best."""
        return [among_best(outputs, tf.maximum(answers, 0), k) for k in (1, 5)]

    def counted(self, answers: tf.Tensor) -> tf.Tensor:
        """All but fillers."""
        return tf.cast(answers != FILLER, tf.float32)
