"""Looks at a photograph as a run will: whether it decodes, and to which pixels.

The decoder is models.images.decode with its limits, so that what is stored is what Transform, training and
evaluation decode.
"""

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


def inspect(source: Source, *, re_encode: bool = False) -> Photograph | Unreadable:
    """Decodes one file; with `re_encode` one that does not decode is tried anew as Pillow reads it."""
    try:
        encoded = source.path.read_bytes()
    except OSError as error:
        return Unreadable(source.name, cause_of(error))
    tf = _tensorflow()
    try:
        photograph = Photograph(**vars(source), pixels=_pixels_of(encoded))
        with Image.open(BytesIO(encoded)):  # what is stored is described by Pillow
            return photograph
    except (tf.errors.InvalidArgumentError, UnidentifiedImageError):
        pass
    reason, mended = _why(encoded), _mended(encoded)
    if mended and re_encode:
        return Photograph(**vars(source), pixels=mended, mended=reason)
    return Unreadable(source.name, reason, mendable=mended is not None)


def _pixels_of(encoded: bytes) -> Pixels:
    return tuple(_decoder()(encoded).numpy().tolist())


def _mended(encoded: bytes) -> Pixels | None:
    """What it decodes to once it is written anew; None where that does not help."""
    try:
        return _pixels_of(written_anew(encoded))
    except Exception:  # see written_anew
        return None


def _why(encoded: bytes) -> str:
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
    return f"is damaged, and TensorFlow refuses it ({_complaint(encoded)})"


def _complaint(encoded: bytes) -> str:
    """TensorFlow's; eagerly, as an error from a graph begins with the graph."""
    from models import images

    try:
        images.decode(_tensorflow().constant(encoded))
    except Exception as error:
        return cause_of(error).partition(" [Op:")[0].rstrip(".")
    return "no reason given"


@cache
def _decoder() -> "tf.types.experimental.GenericFunction":
    """string [] to int64 [3], see Pixels; one graph for all files, called from several threads."""
    tf = _tensorflow()
    with quiet_imports():
        from models import images

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
    def look(encoded: tf.Tensor) -> tf.Tensor:
        image = images.decode(encoded)
        hashed = tf.raw_ops.Fingerprint(data=tf.reshape(image, [1, -1]), method="farmhash64")
        return tf.concat([tf.shape(image, tf.int64)[:2], [tf.bitcast(hashed[0], tf.int64)]], 0)

    return look


@cache
def _tensorflow():
    """Imported late: it takes seconds, and a wrong folder is answered without it."""
    with quiet_imports():
        import tensorflow

    return tensorflow
