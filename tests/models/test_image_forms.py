"""Forms of JPEG and PNG: each comes out as Pillow shows it, and what declares too much is not decoded.

Equal pixels; those of CMYK are one grey level apart at most, as Pillow and TensorFlow round its conversion to
RGB differently.
"""

import io
import struct
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from models import images

CMYK_LEVELS = 1
ROWS, COLUMNS = np.mgrid[0:40, 0:60]
RGB = Image.fromarray(np.stack([COLUMNS * 4, ROWS * 6, (ROWS + COLUMNS) * 2], axis=-1).astype(np.uint8))


def _saved(image: Image.Image, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _cmyk() -> Image.Image:
    """With ink in each of the four channels."""
    channels = np.asarray(RGB.convert("CMYK")).copy()
    channels[..., 3] = ROWS * 3
    return Image.fromarray(channels, "CMYK")


def _rgba() -> Image.Image:
    return Image.fromarray(np.dstack([np.asarray(RGB), (ROWS * 6).astype(np.uint8)]), "RGBA")


def _png(width: int, height: int, depth: int, colour: int, pixels: bytes) -> bytes:
    """Rows of pixels, each behind its filter's byte, as a PNG."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def _decoded(encoded: bytes) -> np.ndarray:
    found = images.decode(tf.constant(encoded))
    assert found.dtype == tf.uint8
    return found.numpy().astype(np.int32)


def _as_pillow_shows(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), np.int32)


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (RGB, {"subsampling": "4:4:4"}),
        (RGB, {"subsampling": "4:2:0", "quality": 50}),
        (RGB, {"progressive": True}),
        (RGB.convert("L"), {}),
    ],
    ids=["4:4:4", "4:2:0", "progressive", "grey"],
)
def test_jpeg(image, options):
    encoded = _saved(image, "JPEG", **options)
    np.testing.assert_array_equal(_decoded(encoded), _as_pillow_shows(encoded))


@pytest.mark.parametrize("transform", [None, 0, 2], ids=["no marker", "CMYK", "YCCK"])
def test_cmyk_is_inverted_with_adobes_marker_and_without(transform):
    encoded = bytearray(_saved(_cmyk(), "JPEG", quality=95))
    at = encoded.index(b"\xff\xeeAdobe"[:2] + b"\x00\x0eAdobe")
    if transform is None:
        del encoded[at : at + 16]
    else:
        encoded[at + 15] = transform
    difference = np.abs(_decoded(bytes(encoded)) - _as_pillow_shows(bytes(encoded)))
    assert difference.max() <= CMYK_LEVELS


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (RGB, {}),
        (RGB.convert("L"), {}),
        (RGB.convert("1"), {}),
        (RGB.quantize(17), {}),
        (RGB.quantize(11), {"bits": 4}),
        (RGB.quantize(17), {"transparency": 3}),
        (RGB, {"transparency": (0, 0, 0)}),
        (_rgba(), {}),
        (_rgba().convert("LA"), {}),
    ],
    ids=["RGB", "grey", "1 bit", "palette", "4 bits", "palette, clear", "RGB, clear", "RGBA", "grey, alpha"],
)
def test_png(image, options):
    encoded = _saved(image, "PNG", **options)
    np.testing.assert_array_equal(_decoded(encoded), _as_pillow_shows(encoded))


def test_of_16_bits_the_upper_eight_count():
    """Pillow clips 16-bit grey at 255, so NumPy is the reference there."""
    generator = np.random.default_rng(0)
    colour = generator.integers(0, 1 << 16, (40, 60, 3)).astype(">u2")
    encoded = _png(60, 40, 16, 2, b"".join(b"\0" + row.tobytes() for row in colour))
    np.testing.assert_array_equal(_decoded(encoded), colour >> 8)
    np.testing.assert_array_equal(_decoded(encoded), _as_pillow_shows(encoded))
    grey = colour[..., 0]
    encoded = _png(60, 40, 16, 0, b"".join(b"\0" + row.tobytes() for row in grey))
    np.testing.assert_array_equal(_decoded(encoded), np.repeat((grey >> 8)[..., np.newaxis], 3, axis=2))


@pytest.mark.parametrize("form", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_forms_are_refused(form):
    with pytest.raises(tf.errors.InvalidArgumentError, match="JPEG"):
        images.decode(tf.constant(_saved(RGB, form)))


def _jpeg_that_declares(height: int, width: int) -> bytes:
    encoded = bytearray(_saved(RGB, "JPEG", progressive=True))
    at = encoded.index(b"\xff\xc2")
    encoded[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(encoded)


@pytest.mark.parametrize(
    "encoded",
    [
        _png(50_000, 50_000, 1, 0, bytes(1000)),
        _png(2**31 - 1, 2**31 - 1, 8, 6, b""),
        _jpeg_that_declares(65_500, 65_500),
    ],
    ids=["PNG", "largest PNG", "JPEG"],
)
def test_a_bomb_is_refused_by_its_header(encoded):
    assert len(encoded) < 3000
    begin = time.process_time()
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1 to 67108864 pixels"):
        images.decode(tf.constant(encoded))
    assert time.process_time() - begin < 1


def test_the_pixel_budget_is_inclusive():
    encoded = tf.constant(_saved(RGB, "PNG"))
    assert images.decode(encoded, most_pixels=2400).shape == (40, 60, 3)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected 1 to 2399 pixels"):
        images.decode(encoded, most_pixels=2399)
