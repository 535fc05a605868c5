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
        shares_trunk: whether its convolutions are the classifier's (models.localisation.trunk), and what it
            has subtracted, too.
        channels: with it, 4 * b.
    """

    outputs: Callable[[tf.Tensor], tf.Tensor]
    shorter_sides: tuple[int, ...]
    mean_rgb: tuple[float, ...]
    shares_trunk: bool = False
    channels: int = 0


class Locator:
    """Finds the boxes of one image.

    Args:
        net: the classification net, and behind its scores, as more channels, the outputs of the box nets that
            share its trunk, in their order.
        box_nets: whose boxes are merged together; of those that share it `outputs` are not asked for.
        head: the exported model's.
        size: side of a window, pixels.

    Attributes:
        sides: the Q at which a box net looks; the middles that a Look must have.
    """

    def __init__(self, net: scoring.ScoreMap, box_nets: Sequence[BoxNet], head: Head, size: int):
        self.sides = tuple(sorted({side for net in box_nets for side in net.shorter_sides}))
        self._net, self._nets, self._head, self._size = net, box_nets, head, size

    def maps(self, look: Look) -> list[tf.Tensor]:
        """Of an image at each Q of the head, as models.scoring.score_maps, of all channels of the net."""
        return [scoring.score_maps(self._net, of_q[tf.newaxis], flip=self._head.flip) for of_q in look.views]

    def __call__(
        self, look: Look, maps: Sequence[tf.Tensor], classes: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Boxes, float32 [k, 4], and their scores, float32 [k]: see LOCATED.

        Args:
            look: at the image.
            maps: what `maps` gives for it.
            classes: int32 [k], those that get a box.
        """
        middles = dict(zip(self.sides, look.middles, strict=True))
        seen = {side: self._map_of_middle(side, middle, maps) for side, middle in middles.items()}
        posteriors = {side: self._posteriors(of_side, classes) for side, of_side in seen.items()}
        looks = [(number, side) for number, net in enumerate(self._nets) for side in net.shorter_sides]
        boxes = [self._boxes(each, middles[side], seen[side], look.size, classes) for each, side in looks]
        with tf.device("CPU:0"):  # many small steps, one after another
            found, scores = best_boxes(
                tf.concat(boxes, axis=1), tf.concat([posteriors[side] for _, side in looks], axis=1)
            )
        pixels = tf.cast(tf.tile(look.size[::-1], [2]), tf.float64)
        return tf.cast(found * pixels, tf.float32), tf.cast(scores, tf.float32)

    def _boxes(
        self, number: int, middle: tf.Tensor, seen: tf.Tensor, whole: tf.Tensor, classes: tf.Tensor
    ) -> tf.Tensor:
        """A box net's, of each class in each window, in fractions of the photograph, float64 [k, n, 4]."""
        frame = Frame(whole, middle_of(whole, self._head.squares), tf.shape(middle)[1:3])
        found = boxes_of_map(self._outputs(number, middle, seen), frame, self._size)
        found = tf.gather(found, tf.where(tf.shape(found)[1] > 1, classes, 0), axis=1)
        return tf.transpose(found, [1, 0, 2])

    def _outputs(self, number: int, middle: tf.Tensor, seen: tf.Tensor) -> tf.Tensor:
        """Of box net `number`, [h, w, 4 * b]."""
        net = self._nets[number]
        if not net.shares_trunk:
            own_mean = tf.constant(self._head.mean_rgb) - tf.constant(net.mean_rgb)
            return net.outputs(middle if net.mean_rgb == self._head.mean_rgb else middle + own_mean)[0]
        widths = [len(self._head.class_names), *(each.channels for each in self._nets if each.shares_trunk)]
        before = sum(each.shares_trunk for each in self._nets[:number])
        return tf.split(seen, widths, axis=-1)[1 + before]

    def _posteriors(self, seen: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        """The classifier's, of each class in each window, float32 [k, n]."""
        posteriors = tf.nn.softmax(seen[..., : len(self._head.class_names)])
        flat = tf.reshape(posteriors, [-1, len(self._head.class_names)])
        return tf.transpose(tf.gather(flat, classes, axis=1))

    def _map_of_middle(self, side: int, middle: tf.Tensor, maps: Sequence[tf.Tensor]) -> tf.Tensor:
        """Of the net, at a Q, [h, w, channels]."""
        if side not in self._head.shorter_sides:
            return self._net(middle)[0]
        looked_at = maps[self._head.shorter_sides.index(side)][0, 0]
        in_squares = tf.shape(looked_at)[0] > 1
        return tf.cond(in_squares, lambda: self._net(middle)[0], lambda: looked_at[0])
