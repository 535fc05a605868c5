"""Examples and artifacts for the checks that stand before a training."""

import io
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from PIL import Image
from tfx.types import artifact_utils

from components.datasets.layouts import IMAGENET, Layout


def noise_jpeg(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 9, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def labelled_examples(layout: Layout, labels: Sequence[int]) -> list[tf.train.Example]:
    """Photographs of noise with these labels, under a layout's keys."""
    examples = []
    for number, label in enumerate(labels):
        example = tf.train.Example()
        feature = example.features.feature
        feature[layout.image].bytes_list.value.append(noise_jpeg(number))
        feature[layout.label].int64_list.value.append(label)
        feature[layout.filename].bytes_list.value.append(b"%d.JPEG" % number)
        if layout is IMAGENET:
            feature[layout.class_text].bytes_list.value.append(b"a class")
            feature["image/object/bbox/xmin"].float_list.value.extend([0.1] * number)
            feature["image/height"].int64_list.value.append(12)
        examples.append(example)
    return examples


def artifact_at(kind, folder, splits: Sequence[str] = ()):
    artifact = kind()
    artifact.uri = str(folder)
    if splits:
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
    return artifact
