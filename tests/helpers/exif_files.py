"""JPEGs and PNGs that say how they are turned, wherever a file may say so, and Pillow's account of them."""

import io
import struct
import zlib

import numpy as np
import tensorflow as tf
from PIL import Image, ImageOps

from models.exif_orientation import orientation

# A gradient that no turn or mirror image of it equals, smooth so that JPEG keeps it.
PIXELS = np.stack(np.broadcast_arrays(*np.ogrid[0:80:2, 0:240:4], 90), axis=-1).astype(np.uint8)


def tiff_of(value: int, order: str = ">", before: int = 1, tag: int = 0x0112, kind: int = 3) -> bytes:
    """One directory of `before` other entries and the orientation, as EXIF has it, in either byte order."""
    entries = [struct.pack(order + "HHII", 0x0100 + n, 4, 1, 77) for n in range(before)]
    held = struct.pack(
        order + ("I" if kind in (4, 9) else "HH"), *([value] if kind in (4, 9) else [value, 0])
    )
    entries.append(struct.pack(order + "HHI", tag, kind, 1) + held)
    start = b"MM" if order == ">" else b"II"
    head = start + struct.pack(order + "HIH", 42, 8, len(entries))
    return head + b"".join(entries) + struct.pack(order + "I", 0)


def encoded_as(form: str, tiff: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    options = {"exif": b"Exif\0\0" + tiff} if tiff is not None else {}
    Image.fromarray(PIXELS).save(buffer, form, **options)
    return buffer.getvalue()


def jpeg_segment(marker: int, content: bytes) -> bytes:
    """Of the marker's second byte."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def jpeg_with(*segments: tuple[int, bytes] | bytes) -> bytes:
    """A JPEG with these segments, or bytes as they are, in front of its own."""
    written = [one if isinstance(one, bytes) else jpeg_segment(*one) for one in segments]
    plain = encoded_as("JPEG")
    return plain[:2] + b"".join(written) + plain[2:]


def exif_segment(value: int, **form) -> bytes:
    return jpeg_segment(0xE1, b"Exif\0\0" + tiff_of(value, **form))


def before_scan(value: int) -> bytes:
    """Behind the frame's header and all tables."""
    plain = encoded_as("JPEG")
    at = plain.index(b"\xff\xda")
    return plain[:at] + exif_segment(value) + plain[at:]


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_with(before: bytes = b"", behind: bytes = b"") -> bytes:
    """A PNG with these chunks before its pixels and behind them."""
    plain = encoded_as("PNG")
    return plain[:33] + before + plain[33:-12] + behind + plain[-12:]


def raw_profile(tiff: bytes, word: bytes = b"Exif\0\0") -> bytes:
    """As ImageMagick and exiftool write it: the length in eight columns, 36 bytes a line."""
    digits = (word + tiff).hex()
    lines = [digits[at : at + 72] for at in range(0, len(digits), 72)]
    return f"\nexif\n{len(word + tiff):8}\n{chr(10).join(lines)}\n".encode()


def text_chunk(content: bytes, key: bytes = b"Raw profile type exif") -> bytes:
    return png_chunk(b"tEXt", key + b"\0" + content)


def compressed_text(content: bytes, key: bytes = b"Raw profile type exif") -> bytes:
    return png_chunk(b"zTXt", key + b"\0\0" + zlib.compress(content))


def upright_by_pillow(encoded: bytes) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(encoded))).convert("RGB"))


def orientation_of(encoded: bytes) -> int:
    return int(orientation(tf.constant(encoded)))


def xmp(text: bytes) -> bytes:
    return jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + text + b"</x:xmpmeta>")


def itxt(text: bytes) -> bytes:
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text)
