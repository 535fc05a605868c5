"""Photographs to give to the page, and what of them it sent."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.serving.stand_in_server import StandIn


def written(path: Path, width: int, height: int, *, noise: bool = False, **options) -> Path:
    """An image file in the format of its name: a gradient, or noise, which compresses badly."""
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    else:
        pixels = np.zeros((height, width, 3), np.uint8)
        pixels[..., 0] = np.linspace(0, 255, width)
        pixels[..., 1] = np.linspace(0, 255, height)[:, np.newaxis]
    Image.fromarray(pixels).save(path, **options)
    return path


def sent(site: StandIn) -> Image.Image:
    """The image in the last request."""
    return Image.open(io.BytesIO(site.images[-1]))


def orientation(value: int) -> bytes:
    """An EXIF segment with that one entry: tag 0x112, a 16-bit number."""
    entry = (0x112).to_bytes(2, "big") + b"\0\3" + (1).to_bytes(4, "big") + value.to_bytes(2, "big") + b"\0\0"
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + b"\0\1" + entry + b"\0\0\0\0"
