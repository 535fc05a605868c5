"""What the demo's first run left behind, read without the project's own code."""

import io
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image


def first_model(home: Path, node: str) -> Path:
    """Of the home's first run; later tests run the pipeline again with other experiments."""
    executions = (home / "pipeline" / node / "model").iterdir()
    return min(executions, key=lambda path: int(path.name)) / "Format-Serving"


def weights_of(model: Path) -> dict[str, np.ndarray]:
    """By name, of an exported model's folder."""
    checkpoint = tf.train.load_checkpoint(str(model / "variables" / "variables"))
    shapes = checkpoint.get_variable_to_shape_map()
    return {key: checkpoint.get_tensor(key) for key in shapes if key.startswith("weights/")}


def mean_rgb(data: Path) -> np.ndarray:
    """Of all pixels of all training images, by Pillow and NumPy."""
    total, pixels = np.zeros(3), 0
    for record in tf.data.TFRecordDataset(sorted(map(str, data.glob("train-*")))).as_numpy_iterator():
        encoded = tf.train.Example.FromString(record).features.feature["image/encoded"].bytes_list.value[0]
        image = np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), np.float64).reshape(-1, 3)
        total, pixels = total + image.sum(axis=0), pixels + len(image)
    return total / pixels


def first_predictions(home: Path) -> dict[bytes, dict]:
    """Of the first run's Averager, by the image's key: the label and each average."""
    executions = (home / "pipeline" / "Averager" / "predictions").iterdir()
    return predictions_in(min(executions, key=lambda path: int(path.name)))


def predictions_in(artifact: Path) -> dict[bytes, dict]:
    """The same of an Averager's artifact."""
    files = [str(path) for path in artifact.glob("*eval/*")]
    found = {}
    for record in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator():
        feature = tf.train.Example.FromString(record).features.feature
        image = {name: np.array(f.float_list.value) for name, f in feature.items() if f.float_list.value}
        image["label"] = feature["label"].int64_list.value[0]
        found[feature["key"].bytes_list.value[0]] = image
    return found


def validation_images(folder: Path, count: int) -> tuple[list[bytes], list[str]]:
    """The first ones of the data, and their classes' names."""
    records = tf.data.TFRecordDataset(sorted(map(str, folder.glob("validation-*")))).take(count)
    examples = [
        tf.train.Example.FromString(record).features.feature for record in records.as_numpy_iterator()
    ]
    images = [example["image/encoded"].bytes_list.value[0] for example in examples]
    return images, [example["image/class/text"].bytes_list.value[0].decode() for example in examples]


def field_of(examples: tf.Tensor, key: str) -> tf.Tensor:
    """string [B] of serialised Examples."""
    return tf.io.parse_example(examples, {key: tf.io.FixedLenFeature([], tf.string)})[key]
