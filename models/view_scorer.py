"""Posteriors of many images under one method at one Q (section 3.2): what the Evaluator's figures come from.

Images of the same size after rescaling share a forward pass. A pass holds at most PIXELS_AT_ONCE, so memory
does not grow with the number of images. The result does not depend on how images are grouped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from models import images, scoring
from models.protocols import Method, crop_places

# The first block of a full-width net holds 64 float32 for each pixel, twice: 1 GiB for this many.
PIXELS_AT_ONCE = 1 << 21


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
    """Scores images with a fully convolutional net (models.vgg.build_fully_convolutional)."""

    def __init__(self, net: keras.Model, *, method: Method, shorter_side: int, input_size: int, mean_rgb):
        self._method, self._shorter_side, self._size = method, shorter_side, input_size
        self._mean = tf.constant(mean_rgb, tf.float32)
        self._net = net
        spec = tf.TensorSpec([None, None, None, 3], tf.float32)
        self._posteriors = tf.function(self._both, input_signature=[spec])

    def __call__(self, encoded: Sequence[bytes]) -> list[Scores | None]:
        """The scores of each encoded image, None for one that does not decode."""
        found: list[Scores | None] = [None] * len(encoded)
        for indices, pixels in self._groups(encoded):
            plain, flipped = self._score(pixels)
            for row, index in enumerate(indices):
                found[index] = Scores(plain[row], flipped[row])
        return found

    def _groups(self, encoded: Sequence[bytes]) -> Iterator[tuple[list[int], np.ndarray]]:
        """(indices, float32 [n, H, W, 3]) of images that have one size."""
        waiting: dict[tuple, list] = {}
        for index, image in self._rescaled(encoded):
            group = waiting.setdefault(image.shape, [])
            group.append((int(index), image))
            if (len(group) + 1) * self._pixels(image.shape) > PIXELS_AT_ONCE:
                yield _stack(waiting.pop(image.shape))
        for group in waiting.values():
            yield _stack(group)

    def _pixels(self, shape: tuple) -> int:
        """That the net sees of one image."""
        height, width, _ = shape
        if self._method is Method.DENSE:
            return height * width
        return len(crop_places(self._method, height, width, self._size)) * self._size**2

    def _rescaled(self, encoded: Sequence[bytes]):
        """Decoded and rescaled on all cores, a few images ahead of the net; ones that fail are left out."""

        def prepare(index, image):
            rescaled = images.rescale(images.decode(image), self._shorter_side)
            return index, images.subtract_mean(rescaled, self._mean)

        dataset = tf.data.Dataset.from_tensor_slices((np.arange(len(encoded)), np.array(encoded, object)))
        prepared = dataset.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()
        return prepared.prefetch(4).as_numpy_iterator()

    def _score(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posteriors of images [n, H, W, 3] and of their flips, [n, classes] each."""
        if self._method is Method.DENSE:
            return tuple(part.numpy() for part in self._posteriors(pixels))
        places = crop_places(self._method, *pixels.shape[1:3], self._size)
        crops = np.concatenate([pixels[:, y : y + self._size, x : x + self._size] for y, x in places])
        return tuple(
            np.mean(np.reshape(part, [len(places), len(pixels), -1]), axis=0, dtype=np.float32)
            for part in self._crops_in_parts(crops)
        )

    def _crops_in_parts(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        most = max(1, PIXELS_AT_ONCE // self._size**2)
        parts = [self._posteriors(crops[start : start + most]) for start in range(0, len(crops), most)]
        plain, flipped = zip(*parts, strict=True)
        return np.concatenate(plain), np.concatenate(flipped)

    def _both(self, pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return (
            scoring.posteriors(self._net(pixels, training=False)),
            scoring.posteriors(self._net(tf.reverse(pixels, axis=[2]), training=False)),
        )


def _stack(group: list[tuple[int, np.ndarray]]) -> tuple[list[int], np.ndarray]:
    indices, pixels = zip(*group, strict=True)
    return list(indices), np.stack(pixels)
