"""Small data sets of TFRecords in either layout, record by record, and what `vgg data check` says of them."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from click.testing import CliRunner, Result
from PIL import Image

from components.datasets.layouts import IMAGENET, Layout
from pipeline.commands.data import data


def noise(seed: int, height: int = 30, width: int = 40) -> Image.Image:
    """Coarse noise, which a JPEG keeps; no two seeds look the same."""
    small = np.random.default_rng(seed).integers(0, 256, (-(-height // 10), -(-width // 10), 3), np.uint8)
    return Image.fromarray(small.repeat(10, 0).repeat(10, 1)[:height, :width])


def encoded(image: Image.Image, kind: str = "JPEG", mode: str = "RGB", **options) -> bytes:
    stream = io.BytesIO()
    image.convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def turned(image: Image.Image, orientation: int) -> bytes:
    """A JPEG that a viewer turns."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(image, exif=exif)


def record(
    layout: Layout, photograph: bytes, label: int, name: str, text: str = "", synset: str = ""
) -> bytes:
    """A serialized tf.Example; the label is 0.., whatever number the layout begins with."""
    example = tf.train.Example()
    feature = example.features.feature
    feature[layout.image].bytes_list.value.append(photograph)
    feature[layout.label].int64_list.value.append(label + layout.first_label)
    feature[layout.filename].bytes_list.value.append(name.encode())
    for key, value in ((layout.class_text, text), (layout.synset, synset)):
        if key and value:
            feature[key].bytes_list.value.append(value.encode())
    return example.SerializeToString()


def write(folder: Path, layout: Layout, **splits: Sequence[Sequence[bytes]]) -> Path:
    """The records of each shard of train and of validation."""
    folder.mkdir(parents=True)
    prefix = "" if layout == IMAGENET else "imagenet2012-"
    for split, shards in splits.items():
        for number, records in enumerate(shards):
            name = f"{prefix}{split}-{number:05d}-of-{len(shards):05d}"
            name = name if layout == IMAGENET else name.replace(split, f"{split}.tfrecord")
            with tf.io.TFRecordWriter(str(folder / name)) as writer:
                for each in records:
                    writer.write(each)
    return folder


def offsets(records: Sequence[bytes]) -> list[int]:
    """Where each record begins in its shard, and where the last one ends: 12 bytes, data, 4 bytes."""
    return np.cumsum([0, *(12 + len(each) + 4 for each in records)]).tolist()


def check(folder: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(
        data, ["check", str(folder), "--out", str(out), *options], standalone_mode=False
    )


def figures(out: Path) -> dict:
    return json.loads((out / "check.json").read_text())
