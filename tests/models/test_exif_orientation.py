"""Orientation against Pillow's exif_transpose, and on damaged headers, where it is 1 and never an error."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from models import images
from models.exif_orientation import HEADER_BYTES, MOST_SEGMENTS, orientation

# A gradient that no turn or mirror image of it equals, smooth so that JPEG keeps it.
PIXELS = np.stack(np.broadcast_arrays(*np.ogrid[0:80:2, 0:240:4], 90), axis=-1).astype(np.uint8)


def _tiff(value: int, order: str = ">", before: int = 1, tag: int = 0x0112, kind: int = 3) -> bytes:
    """One directory of `before` other entries and the orientation, as EXIF has it, in either byte order."""
    entries = [struct.pack(order + "HHII", 0x0100 + n, 4, 1, 77) for n in range(before)]
    entries.append(struct.pack(order + "HHIHH", tag, kind, 1, value, 0))
    start = b"MM" if order == ">" else b"II"
    head = start + struct.pack(order + "HIH", 42, 8, len(entries))
    return head + b"".join(entries) + struct.pack(order + "I", 0)


def _encoded(form: str, tiff: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    options = {"exif": b"Exif\0\0" + tiff} if tiff is not None else {}
    Image.fromarray(PIXELS).save(buffer, form, **options)
    return buffer.getvalue()


def _jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with these segments, (marker's second byte, content), in front of its own."""
    written = [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in segments]
    plain = _encoded("JPEG")
    return plain[:2] + b"".join(written) + plain[2:]


def _orientation(encoded: bytes) -> int:
    return int(orientation(tf.constant(encoded)))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_comes_out_as_pillow_shows_it(value, order, form):
    encoded = _encoded(form, _tiff(value, order))
    assert _orientation(encoded) == value
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))), np.int32)
    assert expected.shape == ((40, 60, 3) if value < 5 else (60, 40, 3))
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_an_image_without_exif_is_upright(form):
    assert _orientation(_encoded(form)) == 1


def test_it_is_found_behind_other_segments():
    exif = (0xE1, b"Exif\0\0" + _tiff(6))
    others = [(0xE0, b"JFIF\0" + bytes(9)), (0xED, bytes(20_000)), (0xFE, b"a comment"), (0xE1, b"http://ns")]
    assert _orientation(_jpeg(*others, exif)) == 6


def test_the_first_exif_segment_counts():
    first, second = ((0xE1, b"Exif\0\0" + _tiff(value)) for value in (6, 3))
    assert _orientation(_jpeg(first, second)) == 6


def test_the_word_in_another_segment_is_no_exif():
    assert _orientation(_jpeg((0xFE, b"Exif\0\0" + _tiff(6)))) == 1
    assert _orientation(_jpeg((0xE1, b"xExif\0\0" + _tiff(6)))) == 1


def test_a_table_that_looks_like_tiff_is_no_exif():
    word, table = (0xFE, b"Exif\0\0"), (0xDB, b"Exif\0\0" + _tiff(6))
    assert _orientation(_jpeg(word, table)) == 1


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_value_that_means_nothing_is_upright(value):
    assert _orientation(_encoded("JPEG", _tiff(value))) == 1


@pytest.mark.parametrize(
    "tiff",
    [
        _tiff(6, tag=0x0113),
        _tiff(6, kind=4),
        _tiff(6).replace(b"MM", b"XX"),
        _tiff(6)[:4] + struct.pack(">I", 2**32 - 1) + _tiff(6)[8:],
        _tiff(6)[:4] + struct.pack(">I", 2**31) + _tiff(6)[8:],
        b"MM",
        b"",
        b"MM\0*\0\0\0\x08\xff\xff",
    ],
    ids=["no tag", "wrong kind", "no order", "far", "sign bit", "two bytes", "empty", "entries missing"],
)
def test_damaged_exif_is_upright(tiff):
    assert _orientation(_jpeg((0xE1, b"Exif\0\0" + tiff))) == 1


def test_more_entries_than_there_are_do_no_harm():
    """The count says 500; the orientation among those that are there still counts."""
    tiff = bytearray(_tiff(8))
    tiff[8:10] = struct.pack(">H", 500)
    assert _orientation(_jpeg((0xE1, b"Exif\0\0" + bytes(tiff)))) == 8


def test_the_search_is_bounded():
    exif = (0xE1, b"Exif\0\0" + _tiff(6))
    short = (0xFE, b"")
    assert _orientation(_jpeg(*[short] * MOST_SEGMENTS, exif)) == 6
    assert _orientation(_jpeg(*[short] * (MOST_SEGMENTS + 1), exif)) == 1
    long = (0xFE, bytes(HEADER_BYTES // 2))
    assert _orientation(_jpeg(long, long, exif)) == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_damaged_header_is_never_an_error(form):
    generator = np.random.default_rng(5)
    whole = _encoded(form, _tiff(6, before=3))
    at = whole.index(b"Exif\0\0" if form == "JPEG" else b"eXIf")
    for _ in range(300):
        damaged = bytearray(whole)
        for place in generator.integers(at - 8, at + 70, generator.integers(1, 8)):
            damaged[place] = generator.choice([0, 1, 8, 0x12, 0x7F, 0x80, 0xFF, generator.integers(256)])
        cut = int(generator.integers(at, len(damaged))) if generator.random() < 0.3 else len(damaged)
        assert 1 <= _orientation(bytes(damaged[:cut])) <= 8


@pytest.mark.parametrize("encoded", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"Exif\0\0", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_upright(encoded):
    assert _orientation(encoded) == 1
