"""What is compared of an image, computed by the same code of training images and of served ones."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

import tensorflow as tf

from models import image_header, undecodable
from models.untuned import elements

SMALL = 32
"""Pixels of the square that colours are looked at in: of a whole photograph they are the same within a grey
level, and a photograph of any size costs the same."""

LUMA = (0.299, 0.587, 0.114)  # ITU-R 601
PNG_COLOUR_TYPE_AT = 25
PNG_CHANNELS = {0: "1", 2: "3", 3: "palette", 4: "2", 6: "4"}
"""By the colour type of IHDR."""


@dataclass(frozen=True)
class Features:
    """Of one image.

    Attributes:
        height, width: pixels, upright; aspect_ratio: width / height.
        mean_red, mean_green, mean_blue: grey levels, 0..255.
        contrast: standard deviation of the luma over the image's places, grey levels.
        format: jpeg or png.
        channels: as stored, 1, 2, 3 or 4, or "palette".
        label: name of the class: the true one of a training image, the predicted one of a served image.
    """

    height: float
    width: float
    aspect_ratio: float
    mean_red: float
    mean_green: float
    mean_blue: float
    contrast: float
    format: str
    channels: str
    label: str


NUMBERS = ("height", "width", "aspect_ratio", "mean_red", "mean_green", "mean_blue", "contrast")
WORDS = ("format", "channels", "label")


def features_of(labelled: Iterable[tuple[bytes, str]]) -> Iterator[Features]:
    """Of encoded images with their classes' names, in their order; one that does not decode is left out."""
    spec = (tf.TensorSpec([], tf.string), tf.TensorSpec([], tf.string))
    held = tf.data.Dataset.from_generator(lambda: labelled, output_signature=spec)
    measured = held.map(
        lambda image, label: (*_measured(image), image_header.is_png(image), _type(image), label),
        num_parallel_calls=undecodable.DECODERS,
    )
    for decoded, stored, values, is_png, kind, label in elements(measured):
        if decoded:
            height, width, red, green, blue, contrast = map(float, values)
            yield Features(
                *(height, width, width / height, red, green, blue, contrast),
                format="png" if is_png else "jpeg",
                channels=PNG_CHANNELS.get(int(kind), "unknown") if is_png else str(int(stored)),
                label=label.decode(errors="replace"),
            )


def as_columns(rows: Iterable[Features]) -> dict[str, list]:
    """By name of the feature."""
    found = [asdict(row) for row in rows]
    return {name: [row[name] for row in found] for name in (*NUMBERS, *WORDS)}


def _measured(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Whether it decodes, channels as stored, and float32 [6]: H, W, mean RGB, contrast."""
    attempt = undecodable.try_decode(image)
    decoded = attempt.outcome == undecodable.DECODED

    def values() -> tf.Tensor:
        small = tf.image.resize(attempt.image, [SMALL, SMALL], method="bilinear", antialias=True)
        luma = tf.reduce_sum(small * tf.constant(LUMA), axis=-1)
        size = tf.cast(attempt.size, tf.float32)
        colours = tf.reduce_mean(small, axis=[0, 1])
        return tf.concat([size, colours, [tf.math.reduce_std(luma)]], axis=0)

    found = tf.cond(decoded, values, lambda: tf.zeros([6]))
    stored = tf.cond(decoded, lambda: image_header.declared_shape(image)[2], lambda: tf.constant(0, tf.int64))
    return decoded, stored, found


def _type(image: tf.Tensor) -> tf.Tensor:
    """A PNG's colour type; of other files a byte of theirs."""
    byte = tf.strings.substr(tf.strings.join([image, tf.constant(b"\0" * 32)]), PNG_COLOUR_TYPE_AT, 1)
    return tf.io.decode_raw(byte, tf.uint8)[0]
