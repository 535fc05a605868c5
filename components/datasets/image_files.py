"""Image files below a folder of photographs."""

import os
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Source:
    """One image file.

    Attributes:
        path: where it is.
        name: relative to the folder that was given, with "/".
        category: the class's name, see class_names.class_name.
        stamp: a line that changes with the file: name, bytes and modification time.
    """

    path: Path
    name: str
    category: str
    stamp: str


def is_image(name: str) -> bool:
    """By its suffix, in any case."""
    return name.lower().endswith(SUFFIXES)


def images_below(folder: Path) -> int:
    """How many files that are images by their suffix, at any depth; links are not followed."""
    return sum(is_image(name) for _, _, names in os.walk(folder) for name in names)


def stamp_of(path: Path, name: str) -> str:
    """See Source; a link to nowhere has no size, and is reported as unreadable when its turn comes."""
    try:
        status = path.stat()
    except OSError:
        return f"{name}\tmissing"
    return f"{name}\t{status.st_size}\t{status.st_mtime_ns}"
