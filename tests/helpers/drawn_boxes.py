"""Records of drawn pictures, a white rectangle on grey, whose boxes are known; a net's weights on disk."""

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

from components.datasets.layouts import Layout
from models.fully_convolutional import fully_convolutional
from models.net import Net
from models.vgg import build
from serving.saved_model.description import DESCRIPTION, description
from serving.saved_model.head import Head

ORIENTATION = 0x0112


def drawn(width: int, height: int, box: Sequence[float], orientation: int = 1, form: str = "PNG") -> bytes:
    """The box in fractions of the image as stored."""
    image = Image.new("RGB", (width, height), (60, 60, 60))
    left, top, right, bottom = np.array(box) * [width, height, width, height]
    ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), "white")
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stream = io.BytesIO()
    image.save(stream, form, exif=exif, **({"quality": 95} if form == "JPEG" else {}))
    return stream.getvalue()


def box_record(
    layout: Layout, image: bytes, label: int, boxes: Sequence[Sequence[float]], classes: Sequence[int] = ()
) -> bytes:
    """A serialized tf.Example; classes are 0.., and boxes (left, top, right, bottom)."""
    example = tf.train.Example()
    feature = example.features.feature
    feature[layout.image].bytes_list.value.append(image)
    feature[layout.label].int64_list.value.append(label + layout.first_label)
    feature[layout.filename].bytes_list.value.append(b"drawn.png")
    feature[layout.boxes.label].int64_list.value.extend(each + layout.first_label for each in classes)
    if len(layout.boxes.corners) > 1:
        for key, values in zip(layout.boxes.corners, np.reshape(boxes, [-1, 4]).T, strict=True):
            feature[key].float_list.value.extend(values)
    else:
        ordered = np.reshape(boxes, [-1, 4])[:, [1, 0, 3, 2]]
        feature[layout.boxes.corners[0]].float_list.value.extend(ordered.ravel())
    return example.SerializeToString()


def write_records(path: Path, records: Sequence[bytes]) -> str:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def write_weights(path: Path, net: Net, head: Head, seed: int = 1) -> str:
    """A stand-in for an exported model, which takes seconds: weights and description, no graph."""
    network = fully_convolutional(build(net, seed=seed), net)
    weights = {weight.path.replace("/", "_"): weight.value for weight in network.weights}
    variables = path / "variables" / "variables"
    variables.parent.mkdir(parents=True)
    tf.train.Checkpoint(weights=weights).write(str(variables))
    (path / os.path.dirname(DESCRIPTION)).mkdir()
    (path / DESCRIPTION).write_text(description(net, head, ()))
    return str(path)
