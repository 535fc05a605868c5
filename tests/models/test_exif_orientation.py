"""Orientation against Pillow's exif_transpose, wherever it stands."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.exif_files import (
    before_scan,
    compressed_text,
    encoded_as,
    exif_segment,
    itxt,
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

STORED_TURNED = Path(__file__).parents[2] / ".." / "shared" / "data" / "orientation"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_comes_out_as_pillow_shows_it(value, order, form):
    encoded = encoded_as(form, tiff_of(value, order))
    assert orientation_of(encoded) == value
    expected = upright_by_pillow(encoded)
    assert expected.shape == ((40, 60, 3) if value < 5 else (60, 40, 3))
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_an_image_without_exif_is_upright(form):
    assert orientation_of(encoded_as(form)) == 1


XMP = jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>" + b" " * 65_000)
ICC = b"".join(jpeg_segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 2]) + bytes(35_000)) for part in (1, 2))
# What a phone writes: an index of the other pictures in the file, here of none.
MPF = jpeg_segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0" + bytes(60_000))
JFIF_AND_COMMENT = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + jpeg_segment(0xFE, b"a comment")
NOISE = np.random.default_rng(1).bytes(60_000)  # hardly compressed
PLACES = {
    "first": lambda value: jpeg_with(exif_segment(value)),
    "behind JFIF and a comment": lambda value: jpeg_with(JFIF_AND_COMMENT, exif_segment(value)),
    "behind XMP": lambda value: jpeg_with(XMP, exif_segment(value)),
    "behind an ICC profile": lambda value: jpeg_with(ICC, exif_segment(value)),
    "behind MPF": lambda value: jpeg_with(MPF, exif_segment(value)),
    "behind all of them": lambda value: jpeg_with(JFIF_AND_COMMENT, XMP, ICC, MPF, exif_segment(value)),
    "behind a fill byte": lambda value: jpeg_with(b"\xff", exif_segment(value)),
    "behind 150,000 fill bytes": lambda value: jpeg_with(XMP, b"\xff" * 150_000, exif_segment(value)),
    "behind bytes of no segment": lambda value: jpeg_with(
        JFIF_AND_COMMENT, b"\0\1\xff\0\2" * 3, exif_segment(value)
    ),
    "before the scan": before_scan,
    "as a LONG": lambda value: jpeg_with(exif_segment(value, kind=4)),
    "as a little-endian LONG": lambda value: jpeg_with(exif_segment(value, kind=4, order="<")),
    "as a signed SHORT": lambda value: jpeg_with(exif_segment(value, kind=8)),
    "as a signed LONG": lambda value: jpeg_with(exif_segment(value, kind=9)),
    "the word twice": lambda value: jpeg_with((0xE1, b"Exif\0\0" * 2 + tiff_of(value))),
    "behind 200 other entries": lambda value: jpeg_with(exif_segment(value, before=200)),
    "eXIf": lambda value: png_with(png_chunk(b"eXIf", tiff_of(value))),
    "eXIf with the word": lambda value: png_with(png_chunk(b"eXIf", b"Exif\0\0" + tiff_of(value))),
    "eXIf behind the pixels": lambda value: png_with(behind=png_chunk(b"eXIf", tiff_of(value))),
    "eXIf behind 300,000 bytes": lambda value: png_with(
        png_chunk(b"teSt", b"\xff" * 300_000) + png_chunk(b"eXIf", tiff_of(value))
    ),
    "tEXt": lambda value: png_with(text_chunk(raw_profile(tiff_of(value)))),
    "tEXt behind the pixels": lambda value: png_with(behind=text_chunk(raw_profile(tiff_of(value)))),
    "tEXt without the word": lambda value: png_with(text_chunk(raw_profile(tiff_of(value), word=b""))),
    "tEXt in capitals": lambda value: png_with(text_chunk(raw_profile(tiff_of(value)).upper())),
    "XMP's attribute": lambda value: jpeg_with(xmp(b'<r tiff:Orientation="%d"/>' % value)),
    "XMP's element": lambda value: jpeg_with(xmp(b"<tiff:Orientation>%d</tiff:Orientation>" % value)),
    "XMP's second one": lambda value: jpeg_with(xmp(b"tiff:Orientation=none tiff:Orientation>%d<" % value)),
    "XMP beside EXIF of another matter": lambda value: jpeg_with(
        exif_segment(7, tag=0x0113), xmp(b'tiff:Orientation="%d"' % value)
    ),
    "EXIF before XMP": lambda value: jpeg_with(
        exif_segment(value), xmp(b'tiff:Orientation="%d"' % (9 - value))
    ),
    "EXIF behind XMP": lambda value: jpeg_with(
        xmp(b'tiff:Orientation="%d"' % (9 - value)), exif_segment(value)
    ),
    "XMP in a PNG": lambda value: png_with(itxt(b'<r tiff:Orientation="%d"/>' % value)),
    "XMP behind a PNG's pixels": lambda value: png_with(behind=itxt(b'<r tiff:Orientation="%d"/>' % value)),
    "zTXt": lambda value: png_with(compressed_text(raw_profile(tiff_of(value)))),
    "zTXt behind the pixels": lambda value: png_with(behind=compressed_text(raw_profile(tiff_of(value)))),
    "zTXt of 60 kB": lambda value: png_with(compressed_text(raw_profile(tiff_of(value) + NOISE))),
    "eXIf behind another text": lambda value: png_with(
        text_chunk(raw_profile(tiff_of(value % 8 + 1))) + png_chunk(b"eXIf", tiff_of(value))
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_wherever_it_stands_it_is_what_pillow_shows(place):
    for value in range(1, 9):
        encoded = PLACES[place](value)
        assert orientation_of(encoded) == value
        np.testing.assert_array_equal(images.decode(tf.constant(encoded)), upright_by_pillow(encoded))


@pytest.mark.skipif(not STORED_TURNED.is_dir(), reason="../shared/data/orientation is not there")
def test_pictures_of_other_programs_come_out_as_pillow_shows_them():
    files = sorted(STORED_TURNED.iterdir())
    assert len(files) == 4
    for file in files:
        found = images.decode(tf.constant(file.read_bytes())).numpy()
        assert found.shape == (300, 200, 3), file.name
        np.testing.assert_array_equal(found, upright_by_pillow(file.read_bytes()))
