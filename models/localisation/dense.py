"""A box and the classifier's posteriors at each place of a whole photograph (appendix A).

The classification net and the box net are applied to the photograph rescaled to Q, whole. Each place of their
maps stands for a window of the training crop's size, 32 pixels from the next: its posteriors are the soft-max
of the scores there, and its box is one of the photograph. There are no pooling offsets and no flips, as the
paper names none. A photograph that is longer than dense evaluation looks at whole is looked at in its middle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models import images
from models.architectures import STRIDE
from models.localisation.boxes import boxes_of_window, cornered

Network = Callable[[tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Windows:
    """What the two nets give for the windows of one photograph.

    Attributes:
        posteriors: float32 [n, classes].
        boxes: (left, top, right, bottom) in fractions of the photograph, float64 [n, 1 or classes, 4].
    """

    posteriors: np.ndarray
    boxes: np.ndarray

    def of_class(self, label: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes of a class, [n, 4], and how sure the classifier is of it at each, [n]."""
        return self.boxes[:, label if self.boxes.shape[1] > 1 else 0], self.posteriors[:, label]


class DenseLocaliser:
    """Applies a classification net and a box net to whole photographs.

    Args:
        classifier, box_net: fully convolutional networks, float32 [1, H, W, 3] to maps; or, where there is a
            trunk, what they make of its features.
        trunk: what both begin with, computed once for both (models.localisation.trunk). Both have subtracted
            the same then.
        classifier_mean, box_mean: what each has subtracted, grey levels.
        size: side of a window, pixels.
    """

    def __init__(
        self,
        classifier: Network,
        box_net: Network,
        *,
        trunk: Network | None = None,
        classifier_mean: Sequence[float],
        box_mean: Sequence[float],
        size: int,
    ):
        self._means = tuple(map(tuple, (classifier_mean, box_mean)))
        if trunk and self._means[0] != self._means[1]:
            raise ValueError(f"means {self._means}; expected the same of two nets with one trunk")
        self._nets, self._trunk, self._size = (classifier, box_net), trunk, size
        image = tf.TensorSpec([None, None, 3], tf.uint8)
        self._maps_of = tf.function(self._maps, [image, tf.TensorSpec([], tf.int32)], autograph=False)
        self._crop_of = tf.function(self._crop, [image, tf.TensorSpec([], tf.int32)], autograph=False)

    def windows(self, image: np.ndarray, shorter_side: int) -> Windows:
        """Of a photograph, uint8 [H, W, 3], at a Q in pixels."""
        scores, boxes, *frame = (each.numpy() for each in self._maps_of(image, shorter_side))
        corner = np.stack(np.mgrid[: boxes.shape[0], : boxes.shape[1]], axis=-1) * STRIDE
        found = self._in_photograph(boxes, corner[:, :, None], image, *frame)
        posteriors = np.exp(scores - scores.max(axis=-1, keepdims=True))
        posteriors /= posteriors.sum(axis=-1, keepdims=True)
        return Windows(posteriors.reshape(-1, scores.shape[-1]), found.reshape(-1, *found.shape[2:]))

    def central_boxes(self, image: np.ndarray, shorter_side: int) -> np.ndarray:
        """The boxes of the central crop at S, float64 [1 or classes, 4]: test 1, which compares settings."""
        boxes, corner, *frame = (each.numpy() for each in self._crop_of(image, shorter_side))
        return self._in_photograph(boxes, corner, image, *frame)

    def _maps(self, image: tf.Tensor, shorter_side: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Scores [h, w, classes], boxes [h, w, 1 or classes, 4], and the frame: see _rescaled."""
        rescaled, *frame = self._rescaled(image, shorter_side)
        seen = [images.subtract_mean(rescaled, tf.constant(mean))[tf.newaxis] for mean in self._means]
        if self._trunk:
            seen = [self._trunk(seen[0])] * 2
        scores, boxes = (net(each)[0] for net, each in zip(self._nets, seen, strict=True))
        places = tf.shape(boxes)[:2]
        boxes = tf.reshape(tf.cast(boxes, tf.float32), tf.concat([places, [-1, 4]], 0))
        return tf.cast(scores, tf.float32), boxes, *frame

    def _crop(self, image: tf.Tensor, shorter_side: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Boxes [1 or classes, 4] of the central crop, its corner, and the frame."""
        rescaled, *frame = self._rescaled(image, shorter_side)
        crop = tf.image.resize_with_crop_or_pad(rescaled, self._size, self._size)
        seen = images.subtract_mean(crop, tf.constant(self._means[1]))[tf.newaxis]
        boxes = self._nets[1](self._trunk(seen) if self._trunk else seen)
        corner = (tf.shape(rescaled)[:2] - self._size) // 2
        return tf.reshape(tf.cast(boxes, tf.float32), [-1, 4]), corner, *frame

    def _rescaled(self, image: tf.Tensor, shorter_side: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The photograph, or its middle, at a shorter side; that one's height and width, and the middle's."""
        middle = images.shortened(image)
        rescaled = images.rescale(middle, shorter_side)
        return rescaled, tf.shape(rescaled)[:2], tf.shape(middle)[:2]

    def _in_photograph(
        self,
        boxes: np.ndarray,
        corner: np.ndarray,
        image: np.ndarray,
        scaled: np.ndarray,
        middle: np.ndarray,
    ) -> np.ndarray:
        """(centre x, centre y, width, height) in windows to boxes of the photograph."""
        in_middle = boxes_of_window(cornered(boxes.astype(np.float64), np), corner, self._size, scaled)
        whole = np.array(image.shape[:2])
        offset = (whole - middle) // 2
        return (in_middle * np.tile(middle[::-1], 2) + np.tile(offset[::-1], 2)) / np.tile(whole[::-1], 2)
