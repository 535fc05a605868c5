"""An image of each kind that evaluation and serving take, and of each that neither takes."""

import io
import struct

import numpy as np
import tensorflow as tf
from PIL import Image, PngImagePlugin

from helpers.serving.exported import encode

MOST_PIXELS = 100_000
"""The budget that the refused ones go beyond."""

_TIFF = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0" + b" " * 65_000


def _converted(mode: str, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(encode(70, 90, "PNG", seed=3))).convert(mode).save(buffer, form, **options)
    return buffer.getvalue()


def _sixteen_bits() -> bytes:
    coarse = np.random.default_rng(4).integers(0, 1 << 16, (7, 9, 3), np.uint16)
    return tf.io.encode_png(np.kron(coarse, np.ones((10, 10, 1), np.uint16))).numpy()


def _behind_xmp() -> bytes:
    plain = encode(70, 90, "JPEG", seed=6, exif=b"Exif\0\0" + _TIFF)
    return plain[:2] + struct.pack(">BBH", 0xFF, 0xE1, len(_XMP) + 2) + _XMP + plain[2:]


def _in_text() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Raw profile type exif", f"\nexif\n{len(_TIFF):8}\n{_TIFF.hex()}\n", zip=True)
    return encode(70, 90, "PNG", seed=7, pnginfo=texts)


def _with_scans(count: int) -> bytes:
    plain = encode(300, 300, "JPEG", seed=8, progressive=True)
    return plain[:-2] + plain[plain.rindex(b"\xff\xda") : -2] * count + b"\xff\xd9"


TAKEN = {
    "RGB JPEG": encode(70, 90, "JPEG", seed=1),
    "progressive JPEG": encode(70, 90, "JPEG", seed=2, progressive=True),
    "grey JPEG": encode(70, 90, "JPEG", channels=1, seed=3),
    "CMYK JPEG": _converted("CMYK", "JPEG"),
    "RGB PNG": encode(200, 64, "PNG", seed=4),
    "grey PNG": encode(64, 64, "PNG", channels=1, seed=5),
    "PNG with alpha": encode(70, 90, "PNG", channels=4, seed=5),
    "palette PNG": _converted("P", "PNG"),
    "1-bit PNG": _converted("1", "PNG"),
    "16-bit PNG": _sixteen_bits(),
    "turned JPEG": encode(70, 90, "JPEG", seed=6, exif=b"Exif\0\0" + _TIFF),
    "JPEG turned behind XMP": _behind_xmp(),
    "PNG turned by a text": _in_text(),
    "1 x 1": encode(1, 1, "PNG", seed=8),
    "4 : 1": encode(40, 160, "PNG", seed=9),
    "a pixel longer than 4 : 1": encode(40, 161, "JPEG", seed=9),
    "1 x 60,000": encode(1, 60_000, "PNG", seed=10),
    "60,000 x 1": encode(60_000, 1, "PNG", seed=11),
}
REFUSED = {
    "cut": TAKEN["RGB JPEG"][: len(TAKEN["RGB JPEG"]) // 3],
    "empty": b"",
    "text": b"no picture",
    "GIF": _converted("RGB", "GIF"),
    "BMP": _converted("RGB", "BMP"),
    "too large": encode(251, 400, "PNG", seed=1),
    "too many scans": _with_scans(300),
}
