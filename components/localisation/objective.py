"""What the box net minimises (appendix A), and the errors that are seen while it does.

Answers are float32 [n, 6]: the image's class, whether the crop counts, and the box as (centre x, centre y,
width, height) in fractions of the crop's side (models.localisation.target).
"""

import tensorflow as tf

from components.training.objective import FILLER
from models.localisation.boxes import SAME_OBJECT, cornered, iou
from models.localisation.target import boxes_of_class, euclidean_loss

CLOSE = 0.75
"""The second error's bound on the intersection over union."""


class BoxRegression:
    """The Euclidean loss of the box of the image's class.

    Its errors: the box found and the one taught have an intersection over union of at most 0.5, or 0.75.
    """

    title = "box error at IoU 0.5/0.75"
    short = ("IoU 0.5", "IoU 0.75")
    errors = ("box_error_at_0.5", "box_error_at_0.75")

    def loss(self, outputs: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
        """float32 [n] of the last layer's outputs, [n, 4] or [n, 4 * classes]."""
        return euclidean_loss(_found(outputs, answers), answers[:, 2:])

    def right(self, outputs: tf.Tensor, answers: tf.Tensor) -> list[tf.Tensor]:
        """Whether the two boxes agree by more than each of the bounds."""
        agreement = iou(cornered(_found(outputs, answers)), cornered(answers[:, 2:]), tf)
        return [agreement > SAME_OBJECT, agreement > CLOSE]

    def counted(self, answers: tf.Tensor) -> tf.Tensor:
        """Images whose crop counts."""
        return tf.where(answers[:, 0] == FILLER, 0.0, answers[:, 1])


def _found(outputs: tf.Tensor, answers: tf.Tensor) -> tf.Tensor:
    labels = tf.cast(tf.maximum(answers[:, 0], 0), tf.int64)
    return boxes_of_class(tf.cast(outputs, tf.float32), labels)
