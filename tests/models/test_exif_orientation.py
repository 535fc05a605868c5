"""Orientation against Pillow's exif_transpose, wherever it stands; damaged, it is 1 and never an error."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from models import images
from models.exif_data import MOST_COMPRESSED, MOST_STEPS
from models.exif_orientation import orientation

STORED_TURNED = Path(__file__).parents[2] / ".." / "shared" / "data" / "orientation"

# A gradient that no turn or mirror image of it equals, smooth so that JPEG keeps it.
PIXELS = np.stack(np.broadcast_arrays(*np.ogrid[0:80:2, 0:240:4], 90), axis=-1).astype(np.uint8)


def _tiff(value: int, order: str = ">", before: int = 1, tag: int = 0x0112, kind: int = 3) -> bytes:
    """One directory of `before` other entries and the orientation, as EXIF has it, in either byte order."""
    entries = [struct.pack(order + "HHII", 0x0100 + n, 4, 1, 77) for n in range(before)]
    held = struct.pack(
        order + ("I" if kind in (4, 9) else "HH"), *([value] if kind in (4, 9) else [value, 0])
    )
    entries.append(struct.pack(order + "HHI", tag, kind, 1) + held)
    start = b"MM" if order == ">" else b"II"
    head = start + struct.pack(order + "HIH", 42, 8, len(entries))
    return head + b"".join(entries) + struct.pack(order + "I", 0)


def _encoded(form: str, tiff: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    options = {"exif": b"Exif\0\0" + tiff} if tiff is not None else {}
    Image.fromarray(PIXELS).save(buffer, form, **options)
    return buffer.getvalue()


def _segment(marker: int, content: bytes) -> bytes:
    """Of the marker's second byte."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _jpeg(*segments: tuple[int, bytes] | bytes) -> bytes:
    """A JPEG with these segments, or bytes as they are, in front of its own."""
    written = [one if isinstance(one, bytes) else _segment(*one) for one in segments]
    plain = _encoded("JPEG")
    return plain[:2] + b"".join(written) + plain[2:]


def _exif_segment(value: int, **form) -> bytes:
    return _segment(0xE1, b"Exif\0\0" + _tiff(value, **form))


def _before_scan(value: int) -> bytes:
    """Behind the frame's header and all tables."""
    plain = _encoded("JPEG")
    at = plain.index(b"\xff\xda")
    return plain[:at] + _exif_segment(value) + plain[at:]


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _png(before: bytes = b"", behind: bytes = b"") -> bytes:
    """A PNG with these chunks before its pixels and behind them."""
    plain = _encoded("PNG")
    return plain[:33] + before + plain[33:-12] + behind + plain[-12:]


def _profile(tiff: bytes, word: bytes = b"Exif\0\0") -> bytes:
    """As ImageMagick and exiftool write it: the length in eight columns, 36 bytes a line."""
    digits = (word + tiff).hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\nexif\n{len(word + tiff):8}\n{chr(10).join(lines)}\n".encode()


def _text(content: bytes, key: bytes = b"Raw profile type exif") -> bytes:
    return _chunk(b"tEXt", key + b"\0" + content)


def _compressed(content: bytes, key: bytes = b"Raw profile type exif") -> bytes:
    return _chunk(b"zTXt", key + b"\0\0" + zlib.compress(content))


def _upright_by_pillow(encoded: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))).convert("RGB"))


def _orientation(encoded: bytes) -> int:
    return int(orientation(tf.constant(encoded)))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
def test_each_orientation_comes_out_as_pillow_shows_it(value, order, form):
    encoded = _encoded(form, _tiff(value, order))
    assert _orientation(encoded) == value
    expected = _upright_by_pillow(encoded)
    assert expected.shape == ((40, 60, 3) if value < 5 else (60, 40, 3))
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_an_image_without_exif_is_upright(form):
    assert _orientation(_encoded(form)) == 1


def _xmp(text: bytes) -> bytes:
    return _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + text + b"</x:xmpmeta>")


def _itxt(text: bytes) -> bytes:
    return _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text)


OTHER = b'<r tiff:Orientation="%d"/>'
XMP = _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>" + b" " * 65_000)
ICC = b"".join(_segment(0xE2, b"ICC_PROFILE\0" + bytes([part, 2]) + bytes(35_000)) for part in (1, 2))
# What a phone writes: an index of the other pictures in the file, here of none.
MPF = _segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\0" + bytes(60_000))
JFIF_AND_COMMENT = _segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0") + _segment(0xFE, b"a comment")
NOISE = np.random.default_rng(1).bytes(60_000)  # hardly compressed
PLACES = {
    "first": lambda value: _jpeg(_exif_segment(value)),
    "behind JFIF and a comment": lambda value: _jpeg(JFIF_AND_COMMENT, _exif_segment(value)),
    "behind XMP": lambda value: _jpeg(XMP, _exif_segment(value)),
    "behind an ICC profile": lambda value: _jpeg(ICC, _exif_segment(value)),
    "behind MPF": lambda value: _jpeg(MPF, _exif_segment(value)),
    "behind all of them": lambda value: _jpeg(JFIF_AND_COMMENT, XMP, ICC, MPF, _exif_segment(value)),
    "behind a fill byte": lambda value: _jpeg(b"\xff", _exif_segment(value)),
    "behind 150,000 fill bytes": lambda value: _jpeg(XMP, b"\xff" * 150_000, _exif_segment(value)),
    "behind bytes of no segment": lambda value: _jpeg(
        JFIF_AND_COMMENT, b"\0\1\xff\0\2" * 3, _exif_segment(value)
    ),
    "before the scan": _before_scan,
    "as a LONG": lambda value: _jpeg(_exif_segment(value, kind=4)),
    "as a little-endian LONG": lambda value: _jpeg(_exif_segment(value, kind=4, order="<")),
    "as a signed SHORT": lambda value: _jpeg(_exif_segment(value, kind=8)),
    "as a signed LONG": lambda value: _jpeg(_exif_segment(value, kind=9)),
    "the word twice": lambda value: _jpeg((0xE1, b"Exif\0\0" * 2 + _tiff(value))),
    "behind 200 other entries": lambda value: _jpeg(_exif_segment(value, before=200)),
    "eXIf": lambda value: _png(_chunk(b"eXIf", _tiff(value))),
    "eXIf with the word": lambda value: _png(_chunk(b"eXIf", b"Exif\0\0" + _tiff(value))),
    "eXIf behind the pixels": lambda value: _png(behind=_chunk(b"eXIf", _tiff(value))),
    "eXIf behind 300,000 bytes": lambda value: _png(
        _chunk(b"teSt", b"\xff" * 300_000) + _chunk(b"eXIf", _tiff(value))
    ),
    "tEXt": lambda value: _png(_text(_profile(_tiff(value)))),
    "tEXt behind the pixels": lambda value: _png(behind=_text(_profile(_tiff(value)))),
    "tEXt without the word": lambda value: _png(_text(_profile(_tiff(value), word=b""))),
    "tEXt in capitals": lambda value: _png(_text(_profile(_tiff(value)).upper())),
    "XMP's attribute": lambda value: _jpeg(_xmp(b'<r tiff:Orientation="%d"/>' % value)),
    "XMP's element": lambda value: _jpeg(_xmp(b"<tiff:Orientation>%d</tiff:Orientation>" % value)),
    "XMP's second one": lambda value: _jpeg(_xmp(b"tiff:Orientation=none tiff:Orientation>%d<" % value)),
    "XMP beside EXIF of another matter": lambda value: _jpeg(
        _exif_segment(7, tag=0x0113), _xmp(b'tiff:Orientation="%d"' % value)
    ),
    "EXIF before XMP": lambda value: _jpeg(
        _exif_segment(value), _xmp(b'tiff:Orientation="%d"' % (9 - value))
    ),
    "EXIF behind XMP": lambda value: _jpeg(
        _xmp(b'tiff:Orientation="%d"' % (9 - value)), _exif_segment(value)
    ),
    "XMP in a PNG": lambda value: _png(_itxt(b'<r tiff:Orientation="%d"/>' % value)),
    "XMP behind a PNG's pixels": lambda value: _png(behind=_itxt(b'<r tiff:Orientation="%d"/>' % value)),
    "zTXt": lambda value: _png(_compressed(_profile(_tiff(value)))),
    "zTXt behind the pixels": lambda value: _png(behind=_compressed(_profile(_tiff(value)))),
    "zTXt of 60 kB": lambda value: _png(_compressed(_profile(_tiff(value) + NOISE))),
    "eXIf behind another text": lambda value: _png(
        _text(_profile(_tiff(value % 8 + 1))) + _chunk(b"eXIf", _tiff(value))
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_wherever_it_stands_it_is_what_pillow_shows(place):
    for value in range(1, 9):
        encoded = PLACES[place](value)
        assert _orientation(encoded) == value
        np.testing.assert_array_equal(images.decode(tf.constant(encoded)), _upright_by_pillow(encoded))


@pytest.mark.skipif(not STORED_TURNED.is_dir(), reason="../shared/data/orientation is not there")
def test_pictures_of_other_programs_come_out_as_pillow_shows_them():
    files = sorted(STORED_TURNED.iterdir())
    assert len(files) == 4
    for file in files:
        found = images.decode(tf.constant(file.read_bytes())).numpy()
        assert found.shape == (300, 200, 3), file.name
        np.testing.assert_array_equal(found, _upright_by_pillow(file.read_bytes()))


def test_of_two_entries_the_last_counts():
    """As in Pillow."""
    entries = [struct.pack(">HHIHH", 0x0112, 3, 1, value, 0) for value in (6, 3)]
    tiff = b"MM" + struct.pack(">HIH", 42, 8, 2) + b"".join(entries) + bytes(4)
    encoded = _jpeg((0xE1, b"Exif\0\0" + tiff))
    assert _orientation(encoded) == 3
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), _upright_by_pillow(encoded))


def test_xmp_does_not_stand_in_for_a_value_that_means_nothing():
    encoded = _jpeg(_exif_segment(0), _xmp(OTHER % 6))
    assert _orientation(encoded) == 1
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), _upright_by_pillow(encoded))


@pytest.mark.parametrize("digit", [b"0", b"9", b"x", b""])
def test_xmp_that_means_nothing_is_upright(digit):
    assert _orientation(_jpeg(_xmp(b'<r tiff:Orientation="' + digit + b'"/>'))) == 1


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
        _tiff(6, kind=2),
        _tiff(6).replace(struct.pack(">HHI", 0x0112, 3, 1), struct.pack(">HHI", 0x0112, 3, 0)),
        _tiff(6).replace(b"MM", b"XX"),
        _tiff(6)[:4] + struct.pack(">I", 2**32 - 1) + _tiff(6)[8:],
        _tiff(6)[:4] + struct.pack(">I", 2**31) + _tiff(6)[8:],
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
    assert _orientation(_jpeg((0xE1, b"Exif\0\0" + tiff))) == 1


def test_more_entries_than_there_are_do_no_harm():
    """The count says 500; the orientation among those that are there still counts."""
    tiff = bytearray(_tiff(8))
    tiff[8:10] = struct.pack(">H", 500)
    assert _orientation(_jpeg((0xE1, b"Exif\0\0" + bytes(tiff)))) == 8


def test_the_walk_is_bounded():
    """So that a small file of nothing but segments takes no more than a fraction of a second."""
    exif, short = _exif_segment(6), _segment(0xFE, b"")
    assert _orientation(_jpeg(short * (MOST_STEPS - 1), exif)) == 6
    assert _orientation(_jpeg(short * (MOST_STEPS + 1), exif)) == 1
    chunk = _chunk(b"teSt", b"")
    assert _orientation(_png(chunk * (MOST_STEPS - 2) + _chunk(b"eXIf", _tiff(6)))) == 6
    assert _orientation(_png(chunk * (MOST_STEPS + 1) + _chunk(b"eXIf", _tiff(6)))) == 1


def test_a_text_of_another_key_is_no_exif():
    assert _orientation(_png(_text(_profile(_tiff(6)), key=b"Raw profile type exif2"))) == 1
    assert _orientation(_png(_text(b"Raw profile type exif" + _profile(_tiff(6)), key=b"Comment"))) == 1


@pytest.mark.parametrize(
    "chunk",
    [
        _compressed(_profile(_tiff(6)))[:-30] + bytes(30),
        _chunk(b"zTXt", b"Raw profile type exif\0\0no zlib"),
        _chunk(b"zTXt", b"Raw profile type exif\0"),
        _compressed(_profile(_tiff(6) + np.random.default_rng(2).bytes(MOST_COMPRESSED))),
        _text(b""),
        _text(b"\nexif\n 10\nxyz"),
        _text(b"\nexif\n 10\n4"),
    ],
    ids=["checksum", "no zlib", "empty", "too long", "empty text", "no digits", "half a byte"],
)
def test_a_damaged_text_is_upright_and_the_pixels_are_there(chunk):
    encoded = _png(behind=chunk)
    assert _orientation(encoded) == 1
    np.testing.assert_array_equal(images.decode(tf.constant(encoded)), PIXELS)


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
