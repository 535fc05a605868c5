"""Where the objects of ILSVRC-2012's images are: the annotations, one XML file for each image.

The boxes become fractions of the width and height that the annotation itself states. As the dogs' annotations
often name another class than the file does, an object's own name is not looked at.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from models.errors import InputError, cause_of

Boxes = dict[str, np.ndarray]
"""float32 [boxes, 4] by the image's name without suffix: xmin, ymin, xmax, ymax, each 0..1 of a side."""


def read_boxes(path: Path) -> Boxes:
    """Of an archive (.tar.gz, .tgz, .tar) or a folder of annotations.

    A box's sides are put in order and cut off at the image's; what then has no area is left out.

    Raises:
        InputError: it cannot be read, or a file is no annotation.
    """
    found: Boxes = {}
    for name, content in _annotations(path):
        boxes = _boxes(content, f"{name} in {path}")
        if len(boxes):
            found[Path(name).stem] = boxes
    if not found:
        raise InputError(f"{path}: no boxes in it; expected annotations of ILSVRC-2012 (*.xml)")
    return found


def _annotations(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for one in sorted(path.rglob("*.xml")):
                yield one.name, one.read_bytes()
            return
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".xml"):
                    yield member.name, archive.extractfile(member).read()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise InputError(
            f"{path}: cannot be read ({cause_of(error)}); expected ILSVRC2012_bbox_train_v2.tar.gz, "
            "ILSVRC2012_bbox_val_v3.tgz or a folder of *.xml; download it again"
        ) from None


def _boxes(content: bytes, where: str) -> np.ndarray:
    try:
        root = ElementTree.fromstring(content)
        size = [float(root.findtext(f"size/{side}")) for side in ("width", "height")]
        corners = [
            [float(box.findtext(side)) for side in ("xmin", "ymin", "xmax", "ymax")]
            for box in root.iterfind("object/bndbox")
        ]
    except (ElementTree.ParseError, TypeError, ValueError) as error:
        raise InputError(
            f"{where}: is no annotation ({cause_of(error)}); expected its size and the corners of its boxes"
        ) from None
    if min(size) <= 0:
        return np.empty([0, 4], np.float32)
    ends = np.clip(np.array(corners, np.float64).reshape(-1, 2, 2) / size, 0, 1)
    low, high = ends.min(axis=1), ends.max(axis=1)
    return np.concatenate([low, high], axis=1)[(low < high).all(axis=1)].astype(np.float32)
