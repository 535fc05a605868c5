"""Per-image posteriors as an artifact: another average or another fusion costs no forward pass.

The artifact is of TFX's type InferenceResult, since engines know its own types alone. It holds one net's
posteriors under one method at one Q, for each image of a split, as TFRecords of tf.Examples:
    key bytes: which image, the same in each artifact; name bytes: its file; label int64: 0..classes-1, the
    net's, whatever number the data give the class; class bytes: its name, which no other class has;
    decodes int64: 0 or 1;
    plain, flipped float [classes]: posteriors of the image and of its horizontal flip; an image that does
    not decode has the same posterior for each class, so it is an error under the rule for ties.
Records lie in partitions by key, so that a later average reads all views of a few images at a time.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from components.datasets.layouts import Layout
from components.evaluation.view import View
from components.recipe import from_json, to_json
from models.label_space import LabelSpace

RECORDS, VIEW = "posteriors", "view.json"


@dataclass(frozen=True)
class Labelled:
    """An image of the split, without its pixels. The attributes are those of the module's text."""

    key: bytes
    name: str
    label: int


@dataclass(frozen=True)
class ScoredImage:
    """One record."""

    image: Labelled
    class_name: str
    decodes: bool
    plain: np.ndarray
    flipped: np.ndarray


def averaged_over_flips(plain: np.ndarray, flipped: np.ndarray, flip: bool) -> np.ndarray:
    """Float32 [classes]: the posterior of an image alone, or its mean with that of the horizontal flip."""
    return (plain + flipped) * np.float32(0.5) if flip else plain


def partition_path(folder: str, partition: int) -> str:
    """Prefix of the TFRecords of one partition."""
    return os.path.join(folder, f"{RECORDS}-{partition:03d}")


def partition_files(folder: str, partition: int) -> list[str]:
    """The TFRecords of one partition, sorted."""
    return sorted(tf.io.gfile.glob(f"{partition_path(folder, partition)}-*"))


def partition_of(key: bytes, count: int) -> int:
    """Which of `count` partitions an image's record is in."""
    return int.from_bytes(key[:4], "big") % count


def write_view(folder: str, view: View, partitions: int, classes: LabelSpace, *, trusted: bool) -> None:
    """Says inside an artifact what it holds; written last, so that an artifact with it is complete.

    Args:
        folder: of the artifact.
        view: of the images.
        partitions: how many there are.
        classes: the net's.
        trusted: whether it is only assumed that the data number the classes so (models.label_space).
    """
    description = {
        "view": to_json(view),
        "partitions": partitions,
        "names": classes.names,
        "synsets": classes.synsets,
        "trusted": trusted,
    }
    with tf.io.gfile.GFile(os.path.join(folder, VIEW), "w") as file:
        json.dump(description, file)


def holds_view(folder: str) -> bool:
    """Whether an artifact holds posteriors: there is none of a model that does not exist."""
    return tf.io.gfile.exists(os.path.join(folder, VIEW))


def read_view(folder: str) -> View:
    """The view whose posteriors an artifact holds."""
    return from_json(View, _description(folder)["view"])


def partition_count(folder: str) -> int:
    """In how many partitions an artifact's records lie."""
    return _description(folder)["partitions"]


def read_classes(folder: str) -> LabelSpace | None:
    """The net's; None of an artifact of before they were written down."""
    description = _description(folder)
    if "names" not in description:
        return None
    return LabelSpace(tuple(description["names"]), tuple(description["synsets"]))


def is_trusted(folder: str) -> bool:
    """Whether it is only assumed that the data number the classes as the net does."""
    return _description(folder).get("trusted", True)


def parse_image(record: bytes, layout: Layout) -> tuple[Labelled, bytes]:
    """(which image it is, its encoded bytes) of a serialized tf.Example of the data.

    The key is a hash of the whole record. Two records that are the same byte for byte share it, and both
    count.
    """
    feature = tf.train.Example.FromString(record).features.feature
    image = Labelled(
        key=hashlib.sha256(record).digest()[:16],
        name=feature[layout.filename].bytes_list.value[0].decode(errors="replace"),
        label=feature[layout.label].int64_list.value[0] - layout.first_label,
    )
    return image, feature[layout.image].bytes_list.value[0]


def to_record(posterior: ScoredImage) -> bytes:
    """Serialized."""
    return example(
        key=posterior.image.key,
        name=posterior.image.name.encode(),
        label=posterior.image.label,
        **{"class": posterior.class_name.encode()},
        decodes=int(posterior.decodes),
        plain=posterior.plain,
        flipped=posterior.flipped,
    ).SerializeToString()


def from_record(record: bytes) -> ScoredImage:
    """The inverse of to_record."""
    feature = tf.train.Example.FromString(record).features.feature
    return ScoredImage(
        image=labelled(feature),
        class_name=feature["class"].bytes_list.value[0].decode(),
        decodes=bool(feature["decodes"].int64_list.value[0]),
        plain=np.array(feature["plain"].float_list.value, np.float32),
        flipped=np.array(feature["flipped"].float_list.value, np.float32),
    )


def labelled(feature: Mapping[str, tf.train.Feature]) -> Labelled:
    """Which image a record's features are of."""
    return Labelled(
        key=feature["key"].bytes_list.value[0],
        name=feature["name"].bytes_list.value[0].decode(),
        label=feature["label"].int64_list.value[0],
    )


def example(**values: bytes | int | np.ndarray) -> tf.train.Example:
    """A tf.Example of one bytes or int64, or many floats, for each key."""
    return tf.train.Example(
        features=tf.train.Features(feature={key: _feature(value) for key, value in values.items()})
    )


def _description(folder: str) -> dict:
    with tf.io.gfile.GFile(os.path.join(folder, VIEW)) as file:
        return json.load(file)


def _feature(value: bytes | int | np.ndarray) -> tf.train.Feature:
    if isinstance(value, bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Feature(float_list=tf.train.FloatList(value=value))
