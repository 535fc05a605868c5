"""Served images against those that a model was trained on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import tensorflow as tf

from components.drift.comparison import Bounds, Distance, compare
from components.drift.features import features_of
from components.drift.served_images import count_images, drawn_images
from components.drift.statistics import images_in, read_statistics, statistics_of
from models.errors import InputError


@dataclass(frozen=True)
class Drift:
    """A comparison.

    Attributes:
        model: folder of the one whose training images these are.
        trained: training images that were looked at.
        served: images of the log that were looked at, of `logged` in it.
        other: requests in the log that have no photographs with a class for each.
    """

    model: str
    trained: int
    served: int
    logged: int
    other: int
    distances: tuple[Distance, ...]

    @property
    def drifted(self) -> tuple[str, ...]:
        """Names of the features that have drifted."""
        return tuple(each.feature for each in self.distances if each.drifted)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "drifted": list(self.drifted)}


MOST = 2000
"""Images of a log that are looked at."""


def drift_of(
    model: str, patterns: Sequence[str], bounds: Bounds, *, most: int = MOST, seed: int = 0
) -> Drift:
    """Compares the images of a request log with those that a model was trained on.

    Args:
        model: folder of an exported model.
        patterns: of the log's files, or their names.
        bounds: see there.
        most: images of the log that are looked at, drawn by `seed`.

    Raises:
        InputError: the model does not know its training images, a file cannot be read, or there are too few
            images.
    """
    trained = read_statistics(model)
    files = sorted({file for pattern in patterns for file in tf.io.gfile.glob(pattern)})
    if not files:
        raise InputError(
            f"request log {' '.join(patterns)}: no such file; vgg serve --request_log_prefix writes them"
        )
    count = count_images(files)
    if count.images < bounds.fewest:
        raise InputError(
            f"request log {' '.join(patterns)}: {count.images} photographs in it; expected at least "
            f"{bounds.fewest}, to tell drift from chance; log more requests, or set --fewest"
        )
    served = statistics_of(features_of(drawn_images(files, count.images, most, seed)))
    distances = compare(trained, served, bounds)
    return Drift(model, images_in(trained), images_in(served), count.images, count.other, tuple(distances))
