"""Trees of photographs, one folder per class, and what `vgg data folders` makes of them."""

import json
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from click.testing import CliRunner, Result
from PIL import Image

from models.errors import InputError
from pipeline.commands.data import data


def photograph(path: Path, mode: str = "RGB", kind: str = "JPEG", seed: int | None = None, **options) -> Path:
    """A noisy picture, 16 wide and 12 high; by its path, so that no two are the same, or by `seed`."""
    random = np.random.default_rng(zlib.crc32(bytes(path)) if seed is None else seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
    pixels.convert(mode).save(path, kind, **options)
    return path


def photographs(root: Path, classes: str = "ab", count: int = 4) -> Path:
    for name in classes:
        for index in range(count):
            photograph(root / name / f"{index}.jpg")
    return root


def with_validation(root: Path, classes: str = "ab") -> Path:
    """Three photographs of each class to train on, one for validation."""
    photographs(root / "val", classes, 1)
    photographs(root / "train", classes, 3)
    return root


def run(source: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(data, ["folders", str(source), "--out", str(out), *options])


def summary(source: Path, out: Path, *options: str) -> dict[str, str]:
    """What the command says of a data set that it has written, by the lines' titles."""
    result = run(source, out, *options)
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if len(line) > 12]
    return {line[:11].strip(): line[12:] for line in lines}


def refusal(source: Path, out: Path, *options: str) -> str:
    """The one line that it ends with, having written nothing."""
    result = run(source, out, *options)
    assert isinstance(result.exception, InputError), result.output
    assert not list(out.glob("*"))
    assert not list(out.parent.glob(f".{out.name}.partial-*"))
    message = str(result.exception)
    assert message.isprintable()
    return message


def features(out: Path, split: str = "*") -> dict:
    """The examples' features by file name."""
    records = tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(f"{out}/{split}-*-of-*")))
    found = [tf.train.Example.FromString(record.numpy()).features.feature for record in records]
    return {one["image/filename"].bytes_list.value[0].decode(): one for one in found}


def value(feature):
    (only,) = getattr(feature, feature.WhichOneof("kind")).value
    return only


def manifest(out: Path) -> dict:
    return json.loads((out / "dataset.json").read_text())


def per_class(out: Path, split: str) -> dict[str, int]:
    return manifest(out)["splits"][split]["per_class"]
