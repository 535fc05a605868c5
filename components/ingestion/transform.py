"""tf.Transform: mean RGB and covariance of all training pixels, class names, and images that do not decode.

No pixels are materialised: 1.28 million crops of 224 x 224 in float32 would be 770 GB. What is written for
an image is its label, its name and whether it decodes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components.datasets.layouts import layout_of
from models import undecodable
from models.errors import InputError
from models.pixel_moments import MOMENTS, mean_and_covariance, pixel_moments

FOUND = "found_texts"
"""The one vocabulary; its entries begin with one of the next three. Each vocabulary costs Beam and TensorFlow
3 s of processor time, whatever the number of images: measured in docs/results.md."""
UNDECODABLE, CLASS_NAME, SYNSET = "undecodable", "class", "synset"
LINE_BREAKS = r"[\t\n\v\f\r\x1c-\x1e\x{85}\x{2028}\x{2029}]+"


def preprocessing_fn(inputs: dict) -> dict:
    """One pass over the training images.

    Args:
        inputs: string [N, 1] photographs and names, int64 [N, 1] labels, by the layout's keys.

    Returns:
        label int64 [N], 0..classes-1; filename string [N]; decodable int64 [N], 0 or 1; and, the same in
        each row, mean_rgb float32 [N, 3], covariance_rgb float32 [N, 9] and counts int64 [N, 2], of
        undecodable and of all training images.
    """
    layout = layout_of(inputs, "examples")
    photographs, filename = tf.reshape(inputs[layout.image], [-1]), tf.reshape(inputs[layout.filename], [-1])
    label = tf.reshape(inputs[layout.label], [-1]) - layout.first_label
    moments, decodable = undecodable.if_decodable(photographs, pixel_moments, tf.zeros([MOMENTS], tf.float64))
    counts = tf.stack([tf.cast(~decodable, tf.int64), tf.ones_like(label)], axis=1)
    synset = [layout.synset] if layout.synset else []
    found = {
        UNDECODABLE: _one_line(tf.boolean_mask(filename, ~decodable)),
        CLASS_NAME: _labelled(inputs, layout.optional, label),
        SYNSET: _labelled(inputs, synset, label),
    }
    texts = [tf.strings.join([kind, text], separator="\t") for kind, text in found.items()]
    tft.vocabulary(tf.concat(texts, 0), vocab_filename=FOUND)
    return {
        "label": label,
        "filename": filename,
        "decodable": tf.cast(decodable, tf.int64),
        **_analyses(tf.ensure_shape(moments, [None, MOMENTS]), counts),
    }


@dataclass(frozen=True)
class TrainingSet:
    """What Transform found out about the training split.

    Attributes:
        mean_rgb: float32 [3], grey levels.
        covariance_rgb: float32 [3, 3], squared grey levels.
        images: how many, undecodable ones among them.
        undecodable: how many do not decode.
    """

    mean_rgb: np.ndarray
    covariance_rgb: np.ndarray
    images: int
    undecodable: int


def training_set(transform_graph: str) -> TrainingSet:
    """Reads the analyses out of a TransformGraph folder, by transforming one empty image.

    Raises:
        InputError: no training image decodes.
    """
    output = tft.TFTransformOutput(transform_graph)
    empty = {key: _empty(feature) for key, feature in output.raw_feature_spec().items()}
    row = {key: value[0].numpy() for key, value in output.transform_features_layer()(empty).items()}
    undecodable, count = (int(value) for value in row["counts"])
    if undecodable == count:
        raise InputError(f"training split: none of its {count} images decodes, so there is no mean RGB")
    return TrainingSet(row["mean_rgb"], row["covariance_rgb"].reshape(3, 3), count, undecodable)


def undecodable_images(transform_graph: str) -> tuple[list[str], int]:
    """Names of the training images that do not decode, sorted, and the number of training images."""
    found = training_set(transform_graph)
    names = _texts(transform_graph, UNDECODABLE)
    unnamed = found.undecodable - len(names)
    return sorted(names) + ["(no unique name)"] * unnamed, found.images


def class_names(transform_graph: str, classes: int) -> tuple[str, ...]:
    """A name for each class, in label order; `class 7` where the training data name none.

    Where a class has several names, the most frequent one.
    """
    names = _by_label(transform_graph, CLASS_NAME)
    return tuple(names.get(label, f"class {label}") for label in range(classes))


def synsets(transform_graph: str, classes: int) -> tuple[str, ...]:
    """The WordNet id of each class, in label order, empty where unknown; () where none is known."""
    found = _by_label(transform_graph, SYNSET)
    return tuple(found.get(label, "") for label in range(classes)) if found else ()


def _analyses(moments: tf.Tensor, counts: tf.Tensor) -> dict[str, tf.Tensor]:
    """Sums over the training split, repeated in each row: tf.Transform has no outputs but rows."""
    mean, covariance = mean_and_covariance(tft.sum(moments, reduce_instance_dims=False, name="moments"))
    rows = tf.ones_like(counts[:, :1])
    return {
        "mean_rgb": tf.cast(rows, tf.float32) * tf.cast(mean, tf.float32),
        "covariance_rgb": tf.cast(rows, tf.float32) * tf.cast(tf.reshape(covariance, [9]), tf.float32),
        "counts": rows * tft.sum(counts, reduce_instance_dims=False, name="counts"),
    }


def _labelled(inputs: dict, keys: Sequence[str], label: tf.Tensor) -> tf.Tensor:
    """string [N], `3<tab>cat`, of the first of these keys that an example has a value of."""
    name = tf.fill(tf.shape(label), "")
    for key in reversed(keys):
        if key in inputs:
            found = inputs[key]
            if isinstance(found, tf.SparseTensor):
                rows = tf.shape(label, tf.int64)[0]
                found = tf.sparse.to_dense(tf.sparse.reset_shape(found, [rows, 1]), default_value="")
            found = _one_line(tf.reshape(found, [-1]))
            name = tf.where(found == "", name, found)
    return tf.strings.join([tf.as_string(label), name], separator="\t")


def _one_line(texts: tf.Tensor) -> tf.Tensor:
    """A vocabulary's file has a line for each entry, and leaves out entries with a line break.

    All that Python's splitlines takes for one, and tabs, become spaces.
    """
    return tf.strings.strip(tf.strings.regex_replace(texts, LINE_BREAKS, " "))


def _empty(feature):
    if isinstance(feature, tf.io.VarLenFeature):
        return tf.sparse.from_dense(tf.zeros([1, 0], feature.dtype))
    return tf.zeros([1, *feature.shape], feature.dtype)


def _by_label(transform_graph: str, kind: str) -> dict[int, str]:
    """The most frequent text of each label that has one."""
    found: dict[int, str] = {}
    for entry in _texts(transform_graph, kind):
        label, _, text = entry.partition("\t")
        if text:
            found.setdefault(int(label), text)
    return found


def _texts(transform_graph: str, kind: str) -> list[str]:
    """Of one kind, the most frequent first.

    Raises:
        InputError: another program's graph, or one of before there was this vocabulary.
    """
    path = tft.TFTransformOutput(transform_graph).vocabulary_file_by_name(FOUND)
    if path is None:
        raise InputError(
            f"transform graph {transform_graph}: no vocabulary {FOUND}; expected one that this version's "
            "Transform wrote; run the pipeline again"
        )
    with tf.io.gfile.GFile(os.fspath(path), "rb") as file:
        entries = (line.partition("\t") for line in file.read().decode(errors="replace").splitlines())
        return [text for of, _, text in entries if of == kind and text]
