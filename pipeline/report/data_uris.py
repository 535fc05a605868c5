"""Images as data URIs, so that the page is one file."""

import base64
import io

import numpy as np
from PIL import Image, ImageOps


def png(pixels: np.ndarray) -> str:
    """Of uint8 [h, w, 3 or 4]."""
    return _uri(Image.fromarray(pixels), "PNG")


def jpeg(image: Image.Image, quality: int) -> str:
    """Of an RGB image; its metadata is left out."""
    return _uri(image, "JPEG", quality=quality)


def small_jpeg(encoded: bytes, longer_side: int, quality: int) -> tuple[str, int, int]:
    """Of a photograph, upright: (data URI, width, height), at most `longer_side` pixels a side."""
    with Image.open(io.BytesIO(encoded)) as image:
        small = ImageOps.exif_transpose(image).convert("RGB")  # as models.images.decode shows it
    small.thumbnail((longer_side, longer_side))
    return jpeg(small, quality), *small.size


def _uri(image: Image.Image, kind: str, **options) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, optimize=True, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
