"""Features of images against Pillow and NumPy."""

import io
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from components.drift.features import NUMBERS, WORDS, Features, as_columns, features_of


def _encoded(image: Image.Image, form: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _noise(height: int, width: int, seed: int = 1) -> Image.Image:
    """Smooth enough that a small copy keeps its means."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)


def test_sizes_colours_and_contrast_are_pillows():
    image = _noise(90, 120)
    (found,) = features_of([(_encoded(image, "PNG"), "owl")])
    small = np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR), np.float64)
    expected = [90, 120, 120 / 90, *small.mean(axis=(0, 1)), (small @ (0.299, 0.587, 0.114)).std()]
    np.testing.assert_allclose([getattr(found, name) for name in NUMBERS], expected, atol=0.4)
    assert abs(found.mean_red - np.asarray(image)[..., 0].mean()) < 2
    assert len({round(found.mean_red), round(found.mean_green), round(found.mean_blue)}) == 3


@pytest.mark.parametrize(
    ("mode", "form", "expected"),
    [
        ("RGB", "JPEG", ("jpeg", "3")),
        ("L", "JPEG", ("jpeg", "1")),
        ("CMYK", "JPEG", ("jpeg", "4")),
        ("RGB", "PNG", ("png", "3")),
        ("RGBA", "PNG", ("png", "4")),
        ("L", "PNG", ("png", "1")),
        ("LA", "PNG", ("png", "2")),
        ("P", "PNG", ("png", "palette")),
    ],
)
def test_formats_and_channels_are_those_that_are_stored(mode, form, expected):
    image = _noise(40, 40)
    converted = image.convert("L").convert("LA") if mode == "LA" else image.convert(mode)
    (found,) = features_of([(_encoded(converted, form), "owl")])
    assert (found.format, found.channels) == expected


def test_an_image_is_looked_at_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    (found,) = features_of([(_encoded(_noise(40, 60), "JPEG", exif=exif), "owl")])
    assert (found.height, found.width) == (60, 40)


def test_what_does_not_decode_is_left_out_and_the_order_stays():
    images = [(_encoded(_noise(40 + n, 40), "JPEG"), f"class {n}") for n in range(5)]
    images.insert(2, (b"\xff\xd8\xff no image", "x"))
    images.insert(4, (b"", "y"))
    found = list(features_of(images))
    assert [(each.height, each.label) for each in found] == [(40 + n, f"class {n}") for n in range(5)]
    assert list(as_columns(found)) == [*NUMBERS, *WORDS] == list(asdict(found[0]))
    assert as_columns(found)["height"] == [40, 41, 42, 43, 44]
    assert isinstance(found[0], Features)
