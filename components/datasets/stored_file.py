"""Reads a photograph that is to be stored, with what the record's keys say of it."""

from io import BytesIO

from PIL import Image

from components.datasets.image_files import stamp_of
from components.datasets.inspection import FORMATS, Photograph
from components.datasets.re_encoding import written_anew
from components.datasets.tfrecords import Picture
from models.errors import InputError

ANEW = "re-encoded as {} of quality 100"


def read(file: Photograph, label: int) -> Picture:
    """The file's own bytes, except where it is to be mended, and of a CMYK JPEG: many readers know only RGB.

    Raises:
        InputError: it is not the file that was looked at before.
    """
    encoded = _bytes(file)
    why = file.mended
    if not why:
        with Image.open(BytesIO(encoded)) as image:
            if image.mode != "CMYK":
                return _picture(file.path.name, label, encoded, image)
        why = "CMYK"
    encoded = written_anew(encoded)
    with Image.open(BytesIO(encoded)) as image:
        kind = "RGB JPEG" if image.mode == "RGB" else "grey JPEG"
        return _picture(file.path.name, label, encoded, image, f"{why}, {ANEW.format(kind)}")


def _bytes(file: Photograph) -> bytes:
    try:
        encoded = file.path.read_bytes()
    except OSError:
        encoded = None
    if encoded is None or stamp_of(file.path, file.name) != file.stamp:
        raise InputError(
            f"{file.path}: changed while the photographs were read; expected files that stay; run it again"
        )
    return encoded


def _picture(name: str, label: int, encoded: bytes, image: Image.Image, changed: str = "") -> Picture:
    channels = _channels(image)
    return Picture(
        encoded=encoded,
        label=label,
        filename=name,
        height=image.height,
        width=image.width,
        format=FORMATS[image.format],
        colorspace="Grayscale" if channels < 3 else "RGB",
        channels=channels,
        changed=changed,
    )


def _channels(image: Image.Image) -> int:
    """As the file stores them: a palette counts as the colours it stands for."""
    if image.mode == "P":
        return 4 if "transparency" in image.info else 3
    return len(image.getbands())
