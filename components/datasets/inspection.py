"""Looks at a photograph as a run will: whether it decodes, and to which pixels.

The decoder is models.images.decode with its limits, so that what is stored is what Transform, training and
evaluation decode.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from components.datasets.image_files import Source
from components.datasets.re_encoding import opened, written_anew
from models.errors import cause_of
from models.limits import MOST_PIXELS
from models.quiet_imports import quiet_imports

if TYPE_CHECKING:
    import tensorflow as tf

# TensorFlow decodes these; MPO is a JPEG with further pictures behind it, as some cameras write.
FORMATS = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG"}

Pixels = tuple[int, int, int]
"""Height and width in pixels and a hash of the RGB values: photographs that look the same have the same."""


@dataclass(frozen=True)
class Photograph(Source):
    """A source that decodes.

    Attributes:
        pixels: what it looks like, see Pixels.
        mended: why it is to be written anew; empty where its own bytes decode.
    """

    pixels: Pixels
    mended: str = ""


@dataclass(frozen=True)
class Unreadable:
    """A source that a run would not decode, why, and whether it would once it is written anew."""

    file: str
    reason: str
    mendable: bool = False


def load_decoder() -> None:
    """Imports TensorFlow, in one thread before several inspect: that redirects standard error meanwhile."""
    _decoder()


def inspect(sources: Sequence[Source], *, re_encode: bool = False) -> list[Photograph | Unreadable]:
    """Decodes a few files, one after the other but in one call; results in the files' order.

    With `re_encode` a file that does not decode is tried anew as Pillow reads it.
    """
    encoded = [_read(source) for source in sources]
    pixels = iter(_pixels_of([one for one in encoded if isinstance(one, bytes)]))
    return [
        _judged(source, content, next(pixels), re_encode) if isinstance(content, bytes) else content
        for source, content in zip(sources, encoded, strict=True)
    ]


def _read(source: Source) -> bytes | Unreadable:
    try:
        return source.path.read_bytes()
    except OSError as error:
        return Unreadable(source.name, cause_of(error))


def _judged(
    source: Source, encoded: bytes, pixels: Pixels | None, re_encode: bool
) -> Photograph | Unreadable:
    if pixels and _has_header(encoded):
        return Photograph(**vars(source), pixels=pixels)
    reason, mended = why_undecodable(encoded), _mended(encoded)
    if mended and re_encode:
        return Photograph(**vars(source), pixels=mended, mended=reason)
    return Unreadable(source.name, reason, mendable=mended is not None)


def _has_header(encoded: bytes) -> bool:
    """What is stored is described by Pillow."""
    try:
        with Image.open(BytesIO(encoded)):
            return True
    except UnidentifiedImageError:
        return False


def _pixels_of(encoded: Sequence[bytes]) -> list[Pixels | None]:
    """None of one that does not decode. That fails the whole call, so the halves are tried by themselves."""
    if not encoded:
        return []
    try:
        return [tuple(row) for row in _decoder()(encoded).numpy().tolist()]
    except _tensorflow().errors.InvalidArgumentError:
        half = len(encoded) // 2
        return [None] if half == 0 else _pixels_of(encoded[:half]) + _pixels_of(encoded[half:])


def _mended(encoded: bytes) -> Pixels | None:
    """What it decodes to once it is written anew; None where that does not help."""
    try:
        anew = written_anew(encoded)
    except Exception:  # see written_anew
        return None
    return _pixels_of([anew])[0]


def why_undecodable(encoded: bytes) -> str:
    """Why it does not decode: its size, else what Pillow finds, else what TensorFlow says."""
    try:
        with opened(encoded) as image:
            if image.format not in FORMATS:
                return f"is {image.format}, expected JPEG or PNG"
            if image.width * image.height > MOST_PIXELS:
                return f"has {image.width} x {image.height} pixels, expected at most {MOST_PIXELS} in all"
            image.load()
    except UnidentifiedImageError:
        return "is no image"
    except Image.DecompressionBombError:
        return f"has too many pixels, expected at most {MOST_PIXELS}"
    except Exception as error:  # see written_anew
        return cause_of(error)
    return f"is refused by the decoder of training and serving ({_complaint(encoded)})"


def _complaint(encoded: bytes) -> str:
    """TensorFlow's; eagerly, as an error from a graph begins with the graph."""
    from models import images

    try:
        images.decode(_tensorflow().constant(encoded))
    except _tensorflow().errors.InvalidArgumentError as error:
        asserted = re.search(r'Summarized data: b"([^"]*)"', str(error))
        return (
            asserted[1].removesuffix("; (H, W)")
            if asserted
            else cause_of(error).partition(" [Op:")[0].rstrip(".")
        )
    return "no reason given"


@cache
def _decoder() -> "tf.types.experimental.GenericFunction":
    """string [N] to int64 [N, 3], see Pixels; called from several threads.

    Measured on two busy cores (2026-11-25): 1.4 ms of processor time an image where a call has 64,
    2.4 to 4 ms where it has one.
    """
    tf = _tensorflow()
    with quiet_imports():
        from models import images
        from models.as_written import as_written

    def look(encoded: tf.Tensor) -> tf.Tensor:
        image = images.decode(encoded)
        hashed = tf.raw_ops.Fingerprint(data=tf.reshape(image, [1, -1]), method="farmhash64")
        return tf.concat([tf.shape(image, tf.int64)[:2], [tf.bitcast(hashed[0], tf.int64)]], 0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def look_at_all(encoded: tf.Tensor) -> tf.Tensor:
        pixels = tf.TensorSpec([3], tf.int64)
        return tf.map_fn(as_written(look), encoded, fn_output_signature=pixels, parallel_iterations=1)

    return look_at_all


@cache
def _tensorflow():
    """Imported late: it takes seconds, and a wrong folder is answered without it."""
    with quiet_imports():
        import tensorflow

    return tensorflow
