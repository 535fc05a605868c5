"""The narrow net that these tests export, its images, and NumPy's account of what it must answer."""

import io

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from models.net import Net
from serving.saved_model.head import Head

NET = Net("A", classes=7, width=16, input_size=64)
HEAD = Head(
    mean_rgb=(123.0, 117.0, 104.0),
    class_names=("tench", "goldfish", "shark", "hen", "Käfer", "class 5", "owl"),
    shorter_sides=(64, 80, 96),
    flip=True,
    image_key="image/encoded",
    label_key="image/class/label",
    first_label=1,
    synsets=("n01", "n02", "n03", "", "n05", "n06", "n07"),
)
PREDICTED = {"probabilities", "top_classes", "top_probabilities"}


def encode(height: int, width: int, form: str, channels: int = 3, seed: int = 0, **options) -> bytes:
    """A coarse pattern, so that the net's answers differ from image to image."""
    shape = (4, 5, channels) if channels > 1 else (4, 5)
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8))
    buffer = io.BytesIO()
    coarse.resize((width, height)).save(buffer, form, **options)
    return buffer.getvalue()


IMAGES = [
    encode(70, 90, "JPEG", seed=1),
    encode(200, 64, "PNG", seed=2),
    encode(50, 81, "JPEG", channels=1, seed=3),
    encode(64, 64, "PNG", channels=1, seed=4),
    encode(64, 64, "PNG", seed=5),
]


def example(image: bytes | None, label: int = 1) -> bytes:
    """A serialized tf.Example with HEAD's keys; None leaves the image out."""
    made = tf.train.Example()
    if image is not None:
        made.features.feature[HEAD.image_key].bytes_list.value.append(image)
    made.features.feature[HEAD.label_key].int64_list.value.append(label)
    return made.SerializeToString()


def pixels(encoded: bytes, shorter_side: int | None = None) -> np.ndarray:
    """Of a JPEG or PNG, by Pillow: float32 [H, W, 3], as it looks, rescaled to a Q, less the mean RGB."""
    image = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))).convert("RGB"), np.float32)
    return (image if shorter_side is None else rescaled(image, shorter_side)) - np.float32(HEAD.mean_rgb)


def rescaled(image: np.ndarray, shorter_side: int) -> np.ndarray:
    """float32 [H, W, 3] to shorter side Q by Pillow, whose bilinear filter widens where it shrinks."""
    size = [
        max(shorter_side, round(side * shorter_side / min(image.shape[:2]))) for side in image.shape[1::-1]
    ]
    channels = [Image.fromarray(image[..., c]).resize(size, Image.Resampling.BILINEAR) for c in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def dense_posterior(net, encoded: bytes, shorter_side: int, *, flip: bool = True) -> np.ndarray:
    """[classes] of an image at a Q by the paper's text and NumPy; `net` gives a score map."""
    image = pixels(encoded, shorter_side)
    seen = (image, image[:, ::-1]) if flip else (image,)
    return np.mean([softmax(np.asarray(net(one[np.newaxis])).mean(axis=(0, 1, 2))) for one in seen], axis=0)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
