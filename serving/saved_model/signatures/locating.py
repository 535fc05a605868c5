"""The boxes of one image's best classes (appendix A), from score maps that are there already.

Each net looks once at an image at a Q. The classifier's maps, from which the classes come, rate the boxes too
where a box net looks at the same Q. Only at another Q the classifier looks once more, without the flip, and
at an image that is longer than it looks at whole, whose boxes are of its middle.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from models import scoring
from models.localisation.dense_in_graph import Frame, boxes_of_map, middle_of
from models.localisation.merge_in_graph import best_boxes
from serving.saved_model.head import Head
from serving.saved_model.signatures.decoding import Look

LOCATED = ("boxes", "box_scores", "image_sizes")
"""Outputs: (left, top, right, bottom) in pixels of the photograph as it looks, float32 [N, k, 4]; the sums of
the classifier's posteriors in the windows that a box was merged from, float32 [N, k]; and (width, height) of
the photograph as it looks, int32 [N, 2]."""


class BoxNet(NamedTuple):
    """A box net and where it looks.

    Attributes:
        outputs: from float32 [1, H, W, 3], mean subtracted, to boxes [1, h, w, 4 * b]; b is 1 or the number
            of classes.
        shorter_sides: the Q whose boxes are merged.
        mean_rgb: what it has subtracted, grey levels.
    """

    outputs: Callable[[tf.Tensor], tf.Tensor]
    shorter_sides: tuple[int, ...]
    mean_rgb: tuple[float, ...]


class Locator:
    """Finds the boxes of one image.

    Args:
        scores: the classification net.
        box_nets: whose boxes are merged together.
        head: the exported model's.
        size: side of a window, pixels.

    Attributes:
        sides: the Q at which a box net looks; the middles that a Look must have.
    """

    def __init__(self, scores: scoring.ScoreMap, box_nets: Sequence[BoxNet], head: Head, size: int):
        self.sides = tuple(sorted({side for net in box_nets for side in net.shorter_sides}))
        self._scores, self._nets, self._head, self._size = scores, box_nets, head, size

    def __call__(
        self, look: Look, maps: Sequence[tf.Tensor], classes: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Boxes, float32 [k, 4], and their scores, float32 [k]: see LOCATED.

        Args:
            look: at the image.
            maps: the classifier's score maps of the image at each Q of the head (models.scoring.score_maps).
            classes: int32 [k], those that get a box.
        """
        middles = dict(zip(self.sides, look.middles, strict=True))
        posteriors = {side: self._posteriors(side, middle, maps, classes) for side, middle in middles.items()}
        looks = [(net, side) for net in self._nets for side in net.shorter_sides]
        boxes = [self._boxes(net, middles[side], look.size, classes) for net, side in looks]
        with tf.device("CPU:0"):  # many small steps, one after another
            found, scores = best_boxes(
                tf.concat(boxes, axis=1), tf.concat([posteriors[side] for _, side in looks], axis=1)
            )
        pixels = tf.cast(tf.tile(look.size[::-1], [2]), tf.float64)
        return tf.cast(found * pixels, tf.float32), tf.cast(scores, tf.float32)

    def _boxes(self, net: BoxNet, middle: tf.Tensor, whole: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        """Of each class in each window, in fractions of the photograph, float64 [k, n, 4]."""
        own_mean = tf.constant(self._head.mean_rgb) - tf.constant(net.mean_rgb)
        outputs = net.outputs(middle if net.mean_rgb == self._head.mean_rgb else middle + own_mean)[0]
        frame = Frame(whole, middle_of(whole, self._head.squares), tf.shape(middle)[1:3])
        found = boxes_of_map(outputs, frame, self._size)
        found = tf.gather(found, tf.where(tf.shape(found)[1] > 1, classes, 0), axis=1)
        return tf.transpose(found, [1, 0, 2])

    def _posteriors(
        self, side: int, middle: tf.Tensor, maps: Sequence[tf.Tensor], classes: tf.Tensor
    ) -> tf.Tensor:
        """The classifier's, of each class in each window, float32 [k, n]."""
        posteriors = tf.nn.softmax(self._score_map(side, middle, maps))
        return tf.transpose(tf.gather(tf.reshape(posteriors, [-1, posteriors.shape[-1]]), classes, axis=1))

    def _score_map(self, side: int, middle: tf.Tensor, maps: Sequence[tf.Tensor]) -> tf.Tensor:
        """The classifier's scores of the image's middle at a Q, [h, w, classes]."""
        if side not in self._head.shorter_sides:
            return self._scores(middle)[0]
        looked_at = maps[self._head.shorter_sides.index(side)][0, 0]
        in_squares = tf.shape(looked_at)[0] > 1
        return tf.cond(in_squares, lambda: self._scores(middle)[0], lambda: looked_at[0])
