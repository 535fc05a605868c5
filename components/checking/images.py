"""What a check learns of each image: whether it decodes, its size, its pixels' hash and moments, its colours.

The decoder is the pipeline's (models.images.decode), and so are the moments (models.pixel_moments).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
import tensorflow as tf
from PIL import Image

from components.datasets.inspection import FORMATS
from models import exif_orientation, images
from models.as_written import as_written
from models.pixel_moments import MOMENTS, pixel_moments

MODES = {
    "L": "grey",
    "1": "1 bit",
    "P": "palette",
    "LA": "grey with transparency",
    "RGBA": "RGB with transparency",
    "PA": "palette with transparency",
    "I": "grey of 16 bits",
    "I;16": "grey of 16 bits",
    "I;16B": "grey of 16 bits",
}


@dataclass(frozen=True)
class Look:
    """One image that decodes.

    Attributes:
        height: upright, in pixels. width: likewise.
        pixels: hash of the RGB values, int64; two that look the same have the same.
        orientation: EXIF's, 1 to 8.
        moments: int64 [13], see models.pixel_moments; None where they were not asked for.
    """

    height: int
    width: int
    pixels: int
    orientation: int
    moments: np.ndarray | None


def look(encoded: Sequence[bytes], *, moments: bool) -> list[Look | None]:
    """One after the other but in one call; None of an image that does not decode. Threads may call it."""
    if not encoded:
        return []
    try:
        rows, sums = (each.numpy() for each in _looker(moments)(encoded))
    except tf.errors.InvalidArgumentError:  # fails all: the halves are tried by themselves
        half = len(encoded) // 2
        if half == 0:
            return [None]
        return look(encoded[:half], moments=moments) + look(encoded[half:], moments=moments)
    return [
        Look(*row, moments=each if moments else None)
        for row, each in zip(rows.tolist(), sums.astype(np.int64), strict=True)
    ]


def colour_mode(encoded: bytes) -> str:
    """Such as "JPEG grey", by the header as Pillow reads it."""
    try:
        with Image.open(BytesIO(encoded)) as image:
            return f"{FORMATS.get(image.format, image.format)} {MODES.get(image.mode, image.mode)}"
    except Exception:  # noqa: BLE001 - Pillow raises about anything for a header that it does not understand
        return "unknown"


@cache
def thumbnailer(height: int) -> Callable[[bytes], tf.Tensor]:
    """string [] to uint8 [height, W, 3]: the part of an image that evaluation looks at, made smaller."""

    def thumbnail(encoded: tf.Tensor) -> tf.Tensor:
        image = images.shortened(images.decode(encoded))
        size = tf.cast(tf.shape(image)[:2], tf.float64)
        width = tf.maximum(tf.cast(tf.round(size[1] * height / size[0]), tf.int32), 1)
        small = tf.image.resize(image, tf.stack([height, width]), method="bilinear", antialias=True)
        return tf.cast(tf.round(small), tf.uint8)

    return tf.function(thumbnail, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


@cache
def _looker(moments: bool) -> "tf.types.experimental.GenericFunction":
    """string [N] to int64 [N, 4] (height, width, hash, orientation) and float64 [N, 13], zeros if unasked."""

    def one(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = images.decode(encoded)
        hashed = tf.raw_ops.Fingerprint(data=tf.reshape(image, [1, -1]), method="farmhash64")
        pixels = [tf.bitcast(hashed[0], tf.int64)]
        orientation = [tf.cast(exif_orientation.orientation(encoded), tf.int64)]
        row = tf.concat([tf.shape(image, tf.int64)[:2], pixels, orientation], 0)
        return row, pixel_moments(image) if moments else tf.zeros([MOMENTS], tf.float64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def each(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        results = (tf.TensorSpec([4], tf.int64), tf.TensorSpec([MOMENTS], tf.float64))
        return tf.map_fn(as_written(one), encoded, fn_output_signature=results, parallel_iterations=1)

    return each
