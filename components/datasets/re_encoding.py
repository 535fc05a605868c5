"""Writes a photograph anew as a JPEG that TensorFlow decodes, where it can be read at all.

Pillow reads more than the pipeline's decoder: other formats, files without their last bytes, more pixels than
models.limits.MOST_PIXELS. It also tells in words why a file cannot be read.
"""

import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from models.limits import MOST_PIXELS

MOST_READ = 4 * MOST_PIXELS
"""Pixels of an image that is read at all: 1 GiB as RGB and alpha; cameras have up to 200 million."""

SMALLER_QUALITY = 95
"""Of a JPEG that is stored smaller than its source: quality 100 takes three times the room."""

# One at a time, for the memory; and Pillow's limit and Python's warnings are the process's.
_ALONE = threading.Lock()


def written_smaller(encoded: bytes, shorter_side: int) -> bytes:
    """A JPEG of SMALLER_QUALITY, upright, RGB or grey, of that shorter side; for images whose is longer.

    Raises:
        Exception: as `written_anew`.
    """
    with opened(encoded) as image:
        scale = shorter_side / min(image.size)
        size = tuple(max(round(side * scale), shorter_side) for side in image.size)
        image.draft(None, tuple(2 * side for side in size))  # a JPEG's decoder leaves out what is not needed
        smaller = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        return _as_jpeg(smaller, SMALLER_QUALITY)


def written_anew(encoded: bytes) -> bytes:
    """A JPEG of quality 100, upright, RGB or grey, scaled down to MOST_PIXELS where it has more.

    Raises:
        Exception: Pillow does not read it; its decoders raise about anything for a damaged file.
    """
    with opened(encoded) as image:
        most = MOST_PIXELS
        if image.width * image.height > most:
            scale = math.sqrt(most / (image.width * image.height))
            image.thumbnail([max(int(side * scale), 1) for side in image.size])
        return _as_jpeg(image, quality=100)


@contextmanager
def opened(encoded: bytes) -> Iterator[Image.Image]:
    """As Pillow reads it, without its warnings.

    Raises:
        Image.DecompressionBombError: more than MOST_READ pixels.
        Exception: as `written_anew`.
    """
    with _ALONE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MOST_READ // 2  # Pillow refuses twice as many
        try:
            with Image.open(BytesIO(encoded)) as image:
                yield image
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _as_jpeg(image: Image.Image, quality: int) -> bytes:
    anew = _in_eight_bits(ImageOps.exif_transpose(image))
    anew.info.clear()  # Pillow would write the comment again, whose bytes may be what is refused
    stream = BytesIO()
    anew.save(stream, "JPEG", quality=quality, subsampling=0)
    return stream.getvalue()


def _in_eight_bits(image: Image.Image) -> Image.Image:
    """Of 16 bits the upper 8, as models.images.decode takes them; Pillow's convert would cut off at 255."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image if image.mode == "L" else image.convert("RGB")
