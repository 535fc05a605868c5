"""Posteriors of many images under one method at one Q (section 3.2): what the Evaluator's figures come from.

Images that look the same size to the net share a forward pass. A pass holds at most PIXELS_AT_ONCE, so memory
does not grow with the number of images. The result does not depend on how images are grouped. Images are
decoded and looked at as by the exported model: by models.images.decode and models.scoring.views.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from models import images, scoring
from models.in_order import in_order
from models.limits import MOST_PIXELS, SQUARES
from models.protocols import Method, crop_places

# The first block of a full-width net holds 64 float32 for each pixel, twice: 1 GiB for this many.
PIXELS_AT_ONCE = 1 << 21
IMAGES_AHEAD = 4  # of the net, looked at and waiting


@dataclass(frozen=True)
class Scores:
    """Posteriors of one image, float32 [classes] each, before any average over flips or Q.

    Attributes:
        plain: of the image; over several crops their mean.
        flipped: of its horizontal flip.
    """

    plain: np.ndarray
    flipped: np.ndarray


class ViewScorer:
    """Scores images with a fully convolutional net (models.vgg.build_fully_convolutional).

    Args:
        net: the network.
        method: what it is applied to; crops of an image that is looked at in squares are taken of each.
        shorter_side: Q in pixels.
        input_size: side of a crop, pixels.
        mean_rgb: subtracted, grey levels.
        most_pixels, squares: the exported model's, see serving.saved_model.head.
        of_maps: what is made of the net's maps [..., V, h, w, n]: [..., n].
    """

    def __init__(
        self,
        net: keras.Model,
        *,
        method: Method,
        shorter_side: int,
        input_size: int,
        mean_rgb: Sequence[float],
        most_pixels: int = MOST_PIXELS,
        squares: int = SQUARES,
        of_maps: Callable[[tf.Tensor], tf.Tensor] = scoring.softmax_of_mean_scores,
    ):
        self._of_maps = of_maps
        self._method, self._shorter_side, self._size = method, shorter_side, input_size
        self._mean, self._most_pixels, self._squares = tuple(mean_rgb), most_pixels, squares
        self._net = net
        spec = tf.TensorSpec([None, None, None, None, 3], tf.float32)
        self._posteriors = tf.function(self._of_image_and_flip, input_signature=[spec], autograph=False)
        # Functions that are traced once: a dataset for each call would be built anew, for a second or two.
        self._decode = tf.function(
            lambda image: images.decode(image, most_pixels=self._most_pixels),
            input_signature=[tf.TensorSpec([], tf.string)],
            autograph=False,
        )
        self._views_of = tf.function(
            lambda image: scoring.views(
                image, shorter_side=self._shorter_side, mean_rgb=self._mean, squares=self._squares
            ),
            input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)],
            autograph=False,
        )

    def __call__(self, encoded: Sequence[bytes]) -> list[Scores | None]:
        """The scores of each encoded image, None for one that does not decode."""
        found: list[Scores | None] = [None] * len(encoded)
        for indices, pixels in self._groups(encoded):
            plain, flipped = self._score(pixels)
            for row, index in enumerate(indices):
                found[index] = Scores(plain[row], flipped[row])
        return found

    def _groups(self, encoded: Sequence[bytes]) -> Iterator[tuple[list[int], np.ndarray]]:
        """(indices, float32 [n, V, H, W, 3]) of images whose views have one shape."""
        waiting: dict[tuple, list] = {}
        for index, views in self._views(encoded):
            group = waiting.setdefault(views.shape, [])
            group.append((int(index), views))
            if (len(group) + 1) * self._pixels(views.shape) > PIXELS_AT_ONCE:
                yield _stack(waiting.pop(views.shape))
        for group in waiting.values():
            yield _stack(group)

    def _pixels(self, shape: tuple) -> int:
        """That the net sees of one image and its flip."""
        count, height, width, _ = shape
        if self._method is Method.DENSE:
            return 2 * count * height * width
        return 2 * count * len(crop_places(self._method, height, width, self._size)) * self._size**2

    def _views(self, encoded: Sequence[bytes]) -> Iterator[tuple[int, np.ndarray]]:
        """(index, views) of each image that decodes, on all cores, a few images ahead of the net."""
        for index, views in enumerate(in_order(self._look, encoded, IMAGES_AHEAD)):
            if views is not None:
                yield index, views

    def _look(self, encoded: bytes) -> np.ndarray | None:
        """None where decoding fails; any other error is raised."""
        try:
            image = self._decode(encoded)
        except tf.errors.InvalidArgumentError:
            return None
        return self._views_of(image).numpy()

    def _score(self, views: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posteriors of images [n, V, H, W, 3] and of their flips, [n, classes] each."""
        if self._method is Method.DENSE:
            plain, flipped = self._posteriors(views).numpy()
            return plain, flipped
        size, places = self._size, crop_places(self._method, *views.shape[2:4], self._size)
        # A crop has a posterior of its own, as a view has not.
        crops = np.stack([views[:, :, y : y + size, x : x + size] for y, x in places], axis=1)
        found = self._crops_in_parts(crops.reshape(-1, 1, size, size, 3))
        plain, flipped = found.reshape(2, len(views), -1, found.shape[-1]).mean(axis=2, dtype=np.float32)
        return plain, flipped

    def _crops_in_parts(self, crops: np.ndarray) -> np.ndarray:
        """float32 [2, crops, classes]."""
        most = max(1, PIXELS_AT_ONCE // (2 * self._size**2))
        parts = [self._posteriors(crops[start : start + most]) for start in range(0, len(crops), most)]
        return np.concatenate(parts, axis=1)

    def _of_image_and_flip(self, views: tf.Tensor) -> tf.Tensor:
        """[N, V, H, W, 3] to [2, N, classes]."""
        maps = scoring.score_maps(lambda batch: self._net(batch, training=False), views, flip=True)
        return self._of_maps(maps)


def _stack(group: list[tuple[int, np.ndarray]]) -> tuple[list[int], np.ndarray]:
    indices, views = zip(*group, strict=True)
    return list(indices), np.stack(views)
