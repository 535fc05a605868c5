"""Which of several orientations counts, and what is damaged or means nothing: upright, and never an error."""

import struct

import numpy as np
import pytest
import tensorflow as tf
from helpers.exif_files import (
    PIXELS,
    compressed_text,
    encoded_as,
    exif_segment,
    jpeg_segment,
    jpeg_with,
    orientation_of,
    png_chunk,
    png_with,
    raw_profile,
    text_chunk,
    tiff_of,
    upright_by_pillow,
    xmp,
)

from models import images
from models.exif_data import MOST_COMPRESSED, MOST_STEPS

OTHER = b'<r tiff:Orientation="%d"/>'


def test_of_two_entries_the_last_counts():
    """As in Pillow."""
    entries = [struct.pack(">HHIHH", 0x0112, 3, 1, value, 0) for value in (6, 3)]
    tiff = b"MM" + struct.pack(">HIH", 42, 8, 2) + b"".join(entries) + bytes(4)
    encoded = jpeg_with((0xE1, b"Exif\0\0" + tiff))
    assert orientation_of(encoded) == 3
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), upright_by_pillow(encoded))


def test_xmp_does_not_stand_in_for_a_value_that_means_nothing():
    encoded = jpeg_with(exif_segment(0), xmp(OTHER % 6))
    assert orientation_of(encoded) == 1
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), upright_by_pillow(encoded))


@pytest.mark.parametrize("digit", [b"0", b"9", b"x", b""])
def test_xmp_that_means_nothing_is_upright(digit):
    assert orientation_of(jpeg_with(xmp(b'<r tiff:Orientation="' + digit + b'"/>'))) == 1


def test_the_first_exif_segment_counts():
    first, second = ((0xE1, b"Exif\0\0" + tiff_of(value)) for value in (6, 3))
    assert orientation_of(jpeg_with(first, second)) == 6


def test_the_word_in_another_segment_is_no_exif():
    assert orientation_of(jpeg_with((0xFE, b"Exif\0\0" + tiff_of(6)))) == 1
    assert orientation_of(jpeg_with((0xE1, b"xExif\0\0" + tiff_of(6)))) == 1


def test_a_table_that_looks_like_tiff_is_no_exif():
    word, table = (0xFE, b"Exif\0\0"), (0xDB, b"Exif\0\0" + tiff_of(6))
    assert orientation_of(jpeg_with(word, table)) == 1


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_value_that_means_nothing_is_upright(value):
    assert orientation_of(encoded_as("JPEG", tiff_of(value))) == 1


@pytest.mark.parametrize(
    "tiff",
    [
        tiff_of(6, tag=0x0113),
        tiff_of(6, kind=2),
        tiff_of(6).replace(struct.pack(">HHI", 0x0112, 3, 1), struct.pack(">HHI", 0x0112, 3, 0)),
        tiff_of(6).replace(b"MM", b"XX"),
        tiff_of(6)[:4] + struct.pack(">I", 2**32 - 1) + tiff_of(6)[8:],
        tiff_of(6)[:4] + struct.pack(">I", 2**31) + tiff_of(6)[8:],
        b"MM",
        b"",
        b"MM\0*\0\0\0\x08\xff\xff",
    ],
    ids=[
        "no tag",
        "wrong kind",
        "no value",
        "no order",
        "far",
        "sign bit",
        "two bytes",
        "empty",
        "entries missing",
    ],
)
def test_damaged_exif_is_upright(tiff):
    assert orientation_of(jpeg_with((0xE1, b"Exif\0\0" + tiff))) == 1


def test_more_entries_than_there_are_do_no_harm():
    """The count says 500; the orientation among those that are there still counts."""
    tiff = bytearray(tiff_of(8))
    tiff[8:10] = struct.pack(">H", 500)
    assert orientation_of(jpeg_with((0xE1, b"Exif\0\0" + bytes(tiff)))) == 8


def test_the_walk_is_bounded():
    """So that a small file of nothing but segments takes no more than a fraction of a second."""
    exif, short = exif_segment(6), jpeg_segment(0xFE, b"")
    assert orientation_of(jpeg_with(short * (MOST_STEPS - 1), exif)) == 6
    assert orientation_of(jpeg_with(short * (MOST_STEPS + 1), exif)) == 1
    chunk = png_chunk(b"teSt", b"")
    assert orientation_of(png_with(chunk * (MOST_STEPS - 2) + png_chunk(b"eXIf", tiff_of(6)))) == 6
    assert orientation_of(png_with(chunk * (MOST_STEPS + 1) + png_chunk(b"eXIf", tiff_of(6)))) == 1


def test_a_text_of_another_key_is_no_exif():
    assert orientation_of(png_with(text_chunk(raw_profile(tiff_of(6)), key=b"Raw profile type exif2"))) == 1
    assert (
        orientation_of(
            png_with(text_chunk(b"Raw profile type exif" + raw_profile(tiff_of(6)), key=b"Comment"))
        )
        == 1
    )


@pytest.mark.parametrize(
    "chunk",
    [
        compressed_text(raw_profile(tiff_of(6)))[:-30] + bytes(30),
        png_chunk(b"zTXt", b"Raw profile type exif\0\0no zlib"),
        png_chunk(b"zTXt", b"Raw profile type exif\0"),
        compressed_text(raw_profile(tiff_of(6) + np.random.default_rng(2).bytes(MOST_COMPRESSED))),
        text_chunk(b""),
        text_chunk(b"\nexif\n 10\nxyz"),
        text_chunk(b"\nexif\n 10\n4"),
    ],
    ids=["checksum", "no zlib", "empty", "too long", "empty text", "no digits", "half a byte"],
)
def test_a_damaged_text_is_upright_and_the_pixels_are_there(chunk):
    encoded = png_with(behind=chunk)
    assert orientation_of(encoded) == 1
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), PIXELS)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_damaged_header_is_never_an_error(form):
    generator = np.random.default_rng(5)
    whole = encoded_as(form, tiff_of(6, before=3))
    at = whole.index(b"Exif\0\0" if form == "JPEG" else b"eXIf")
    for _ in range(300):
        damaged = bytearray(whole)
        for place in generator.integers(at - 8, at + 70, generator.integers(1, 8)):
            damaged[place] = generator.choice([0, 1, 8, 0x12, 0x7F, 0x80, 0xFF, generator.integers(256)])
        cut = int(generator.integers(at, len(damaged))) if generator.random() < 0.3 else len(damaged)
        assert 1 <= orientation_of(bytes(damaged[:cut])) <= 8


@pytest.mark.parametrize("encoded", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"Exif\0\0", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_upright(encoded):
    assert orientation_of(encoded) == 1
