"""One pass over an Averager's records: counters and the few best and worst images, never all posteriors."""

import heapq
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.metrics import CALIBRATION_BINS, image_statistics, is_error
from components.split_records import records_in

BEST, WORST = 4, 8
BINS_FROM = 4  # image_statistics: images, two errors, nats, then the bins


@dataclass(frozen=True)
class EvaluatedImage:
    """One image.

    Attributes:
        key: of the image (components.evaluation.posteriors).
        name: of its file.
        label: its class, 0..classes-1.
        class_name: the name of that.
        decodes: whether the net has seen it at all.
        posteriors: float32 [classes], averaged over all views.
    """

    key: bytes
    name: str
    label: int
    class_name: str
    decodes: bool
    posteriors: np.ndarray


@dataclass(frozen=True)
class Summary:
    """What remains of the predictions of an evaluation.

    Attributes:
        keys: uint64 [N, 2], sorted; the same for two evaluations on the same images.
        wrong: bool [N, 2] in the order of the keys: top-1 and top-5 errors.
        class_names: by label, of the classes that have images.
        images: how many, by label.
        confusions: images by (label, class predicted instead).
        bins: float64 [15, 3] by the largest posterior: images, sum of largest posteriors, images right.
        undecodable: images that count as errors unseen.
        best, worst: by the true class's posterior, each the most extreme first.
    """

    keys: np.ndarray
    wrong: np.ndarray
    class_names: dict[int, str]
    images: Counter
    confusions: Counter
    bins: np.ndarray
    undecodable: int
    best: tuple[EvaluatedImage, ...]
    worst: tuple[EvaluatedImage, ...]

    def same_images(self, other: "Summary") -> bool:
        """Whether both are of the same images."""
        return np.array_equal(self.keys, other.keys)


def read_predictions(folder: str) -> Iterator[EvaluatedImage]:
    """The images that a folder's TFRecords tell of."""
    for record in records_in(folder):
        feature = tf.train.Example.FromString(record).features.feature
        yield EvaluatedImage(
            key=feature["key"].bytes_list.value[0],
            name=feature["name"].bytes_list.value[0].decode(errors="replace"),
            label=feature["label"].int64_list.value[0],
            class_name=feature["class"].bytes_list.value[0].decode(errors="replace"),
            decodes=bool(feature["decodes"].int64_list.value[0]),
            posteriors=np.array(feature[AVERAGE].float_list.value, np.float32),
        )


def summarise(predictions: Iterable[EvaluatedImage]) -> Summary:
    """In memory: 18 bytes an image and what is counted by class."""
    keys, wrong, names, images, confusions = bytearray(), bytearray(), {}, Counter(), Counter()
    sums, undecodable = np.zeros([BINS_FROM + 3 * CALIBRATION_BINS]), 0
    best, worst = Extremes(BEST), Extremes(WORST)
    for prediction in predictions:
        errors = [is_error(prediction.posteriors, prediction.label, k) for k in (1, 5)]
        keys += prediction.key
        wrong += bytes(errors)
        names.setdefault(prediction.label, prediction.class_name)
        images[prediction.label] += 1
        sums += image_statistics(prediction.posteriors, prediction.label)
        if not prediction.decodes:
            undecodable += 1
            continue
        if errors[0]:
            confusions[prediction.label, best_other(prediction)] += 1
        own = float(prediction.posteriors[prediction.label])
        best.add(own, prediction.key, prediction)
        worst.add(-own, prediction.key, prediction)
    order, keys = _sorted(bytes(keys))
    return Summary(
        keys=keys,
        wrong=np.frombuffer(bytes(wrong), np.bool_).reshape(-1, 2)[order],
        class_names=names,
        images=images,
        confusions=confusions,
        bins=sums[BINS_FROM:].reshape(CALIBRATION_BINS, 3),
        undecodable=undecodable,
        best=best.found(),
        worst=worst.found(),
    )


def best_other(prediction: EvaluatedImage) -> int:
    """The best class but the true one: what an image that is an error was taken for."""
    others = np.where(np.isnan(prediction.posteriors), -1.0, prediction.posteriors)
    others[prediction.label] = -2.0
    return int(np.argmax(others))


class Extremes:
    """The images with the largest values; of equal ones those with the smallest keys, so that the order of
    the records makes no difference.
    """

    def __init__(self, most: int):
        self._most, self._heap, self._count = most, [], itertools.count()

    def add(self, value: float, key: bytes, image: Any) -> None:
        """One image, which has `key`."""
        entry = (value, _descending(key), next(self._count), image)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def found(self) -> tuple:
        """The largest value's image first."""
        return tuple(entry[-1] for entry in sorted(self._heap, key=lambda entry: entry[:3], reverse=True))


def _descending(key: bytes) -> bytes:
    return bytes(255 - byte for byte in key)


def _sorted(keys: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Order and sorted keys, uint64 [N, 2]."""
    rows = np.frombuffer(keys, ">u8").astype(np.uint64).reshape(-1, 2)
    order = np.lexsort((rows[:, 1], rows[:, 0]))
    return order, rows[order]
