"""Reads a photograph that is to be stored, with what the record's keys say of it."""

from io import BytesIO

from PIL import Image

from components.datasets.annotated_boxes import AnnotatedBoxes
from components.datasets.image_files import stamp_of
from components.datasets.inspection import FORMATS, Photograph
from components.datasets.re_encoding import SMALLER_QUALITY, written_anew, written_smaller
from components.datasets.tfrecords import Box, Picture
from models.errors import InputError

ANEW = "re-encoded as {} of quality {}"


def read(
    file: Photograph, label: int, shorter_side: int | None = None, located: AnnotatedBoxes | None = None
) -> Picture:
    """The file's own bytes, except where it is to be mended, and of a CMYK JPEG: many readers know only RGB.

    With `shorter_side`, in pixels, an image whose own is longer is stored that small. What is written is
    upright, and so are the boxes then.

    Raises:
        InputError: it is not the file that was looked at before.
    """
    encoded = _bytes(file)
    its_own = min(file.pixels[:2])
    if shorter_side and its_own > shorter_side:
        why = f"shorter side of {its_own} pixels, stored at {shorter_side}"
        smaller = written_smaller(encoded, shorter_side)
        return _written(file, label, smaller, why, SMALLER_QUALITY, located)
    why = file.mended
    if not why:
        with Image.open(BytesIO(encoded)) as image:
            if image.mode != "CMYK":
                boxes = located.boxes if located else ()
                return _picture(file.path.name, label, encoded, image, boxes)
        why = "CMYK"
    return _written(file, label, written_anew(encoded), why, 100, located)


def _written(
    file: Photograph, label: int, encoded: bytes, why: str, quality: int, located: AnnotatedBoxes | None
) -> Picture:
    boxes = located.upright if located else ()
    with Image.open(BytesIO(encoded)) as image:
        kind = "RGB JPEG" if image.mode == "RGB" else "grey JPEG"
        return _picture(file.path.name, label, encoded, image, boxes, f"{why}, {ANEW.format(kind, quality)}")


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


def _picture(
    name: str,
    label: int,
    encoded: bytes,
    image: Image.Image,
    boxes: tuple[Box, ...],
    changed: str = "",
) -> Picture:
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
        boxes=boxes,
        changed=changed,
    )


def _channels(image: Image.Image) -> int:
    """As the file stores them: a palette counts as the colours it stands for."""
    if image.mode == "P":
        return 4 if "transparency" in image.info else 3
    return len(image.getbands())
