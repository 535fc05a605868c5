"""Descriptors of a split's images as TFRecords of tf.Examples, and as arrays.

key bytes, name bytes: as in components.evaluation.posteriors;
labels int64: 0.., the data's: of the image, and of the objects whose boxes the data give;
uncertain int64: labels of which the image has nothing but objects that are marked as difficult: for these
classes the image counts neither way (PASCAL VOC);
decodes int64: 0 or 1;
features float [C]: fc7 at one Q, averaged over places and the flip, and not yet normalised; zero for an
image that does not decode.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.datasets.layouts import IMAGENET, Layout
from models.errors import InputError
from models.untuned import elements

BOX_LABEL, DIFFICULT = IMAGENET.boxes.label, "image/object/difficult"


@dataclass(frozen=True)
class Described:
    """Images in their order.

    Attributes:
        names: of their files, [N].
        features: float32 [N, C], averaged over Q, not normalised.
        has: bool [N, K], whether the image shows the class.
        known: bool [N, K], whether that is certain.
        decodes: bool [N].
    """

    names: tuple[str, ...]
    features: np.ndarray
    has: np.ndarray
    known: np.ndarray
    decodes: np.ndarray

    @property
    def several_labels(self) -> bool:
        """Whether some image has not exactly one class."""
        return bool((self.has.sum(axis=1) != 1).any() or not self.known.all())


def labels_of(record: bytes, layout: Layout) -> tuple[list[int], list[int]]:
    """(labels, uncertain) of a serialized tf.Example of the data."""
    feature = tf.train.Example.FromString(record).features.feature
    own = [value - layout.first_label for value in feature[layout.label].int64_list.value]
    boxes = [value - layout.first_label for value in feature[BOX_LABEL].int64_list.value]
    difficult = list(feature[DIFFICULT].int64_list.value) or [0] * len(boxes)
    sure = {label for label, hard in zip(boxes, difficult, strict=True) if not hard}
    unsure = set(boxes) - sure
    return sorted(({*own} - unsure) | sure), sorted(unsure)


def read_described(folders: Sequence[Sequence[str]], classes: int) -> Described:
    """The images of a split, of which each element of `folders` has the files of one Q.

    Raises:
        InputError: the descriptors of two Q are not of the same images, or a label is not one of `classes`.
    """
    first, *others = (_by_image(files) for files in folders)
    features = np.array([each["features"].float_list.value for each in first.values()], np.float32)
    for other in others:
        if other.keys() != first.keys():
            raise InputError(
                "descriptors: those of two Q are of other images; expected the same split's; run again"
            )
        features += np.array([other[key]["features"].float_list.value for key in first], np.float32)
    has, known = np.zeros([len(first), classes], bool), np.ones([len(first), classes], bool)
    for row, each in enumerate(first.values()):
        for array, key, value in ((has, "labels", True), (known, "uncertain", False)):
            labels = list(each[key].int64_list.value)
            if labels and not 0 <= min(labels) <= max(labels) < classes:
                name = each["name"].bytes_list.value[0].decode(errors="replace")
                raise InputError(
                    f"image {name}: classes {labels}; expected 0..{classes - 1}; write the data again"
                )
            array[row, labels] = value
    return Described(
        tuple(each["name"].bytes_list.value[0].decode(errors="replace") for each in first.values()),
        features / len(folders),
        has,
        known,
        np.array([bool(each["decodes"].int64_list.value[0]) for each in first.values()]),
    )


def _by_image(files: Iterable[str]) -> dict:
    """tf.Example's features by (key, how often it came before), in the order of the keys."""
    found, seen = {}, Counter()
    for record in elements(tf.data.TFRecordDataset(sorted(files))):
        feature = tf.train.Example.FromString(record).features.feature
        key = feature["key"].bytes_list.value[0]
        found[key, seen[key]] = feature
        seen[key] += 1
    return dict(sorted(found.items(), key=lambda item: item[0]))
