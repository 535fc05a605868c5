"""Class score maps (section 3.2) of single photographs: what the net sees where, at each Q."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models import images
from pipeline.report.data_uris import png
from serving.saved_model.export import read_network

RGB = (255, 120, 0)
MOST_OPAQUE = 150


@dataclass(frozen=True)
class ScoreMap:
    """One class at one Q.

    Attributes:
        role: why this class, such as "its class".
        class_name: the class.
        shorter_side: Q in pixels.
        rows, columns: of the map.
        lowest, highest: soft-max over classes at a place, 0..1.
        uri: PNG of the map, the more opaque the higher.
    """

    role: str
    class_name: str
    shorter_side: int
    rows: int
    columns: int
    lowest: float
    highest: float
    uri: str


class Scorer:
    """The fully convolutional net of a SavedModel.

    Raises:
        InputError: it is none of this project's.
    """

    def __init__(self, model: str):
        self._network, self._net, head = read_network(model)
        self.class_names, self.mean_rgb = head.unique_names, head.mean_rgb

    @property
    def first_kernel(self) -> np.ndarray:
        """Float32 [3, 3, 3, channels]."""
        return self._network.get_layer("conv1_1").kernel.numpy()

    def maps(self, encoded: bytes, classes: Mapping[str, int], sides: Sequence[int]) -> tuple[ScoreMap, ...]:
        """Of one photograph, for labels by role, at each Q."""
        decoded = images.decode(tf.constant(encoded))
        found = []
        for side in sides:
            scaled = images.subtract_mean(images.rescale(decoded, side), tf.constant(self.mean_rgb))
            scores = self._network(scaled[tf.newaxis], training=False)[0]
            posteriors = tf.nn.softmax(tf.cast(scores, tf.float32), axis=-1).numpy()
            found += [self._map(role, label, side, posteriors[..., label]) for role, label in classes.items()]
        return tuple(found)

    def _map(self, role: str, label: int, side: int, values: np.ndarray) -> ScoreMap:
        return ScoreMap(
            role=role,
            class_name=self.class_names[label],
            shorter_side=side,
            rows=values.shape[0],
            columns=values.shape[1],
            lowest=float(values.min()),
            highest=float(values.max()),
            uri=overlay(values),
        )


def overlay(values: np.ndarray) -> str:
    """Data URI of a PNG of the map's own size, [h, w] in 0..1: one colour, as opaque as the value is high."""
    pixels = np.zeros([*values.shape, 4], np.uint8)
    pixels[..., :3] = RGB
    pixels[..., 3] = np.round(np.clip(values, 0, 1) * MOST_OPAQUE)
    return png(pixels)
