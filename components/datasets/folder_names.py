"""What the folders of data sets are usually called: those of splits, and those of other programs.

Data sets come as train/, valid/ and test/, as Training/ and Testing/, as training_set/ and test_set/.
"""

import re
from collections.abc import Iterable

TRAIN, VALIDATION, TEST = "train", "validation", "test"

_SPLIT = re.compile(r"(?:(train|training)|(val|valid|validation)|(test|testing))[ _-]?(?:set|data|images)?")

_OTHER_PROGRAMS = {
    "__macosx",  # archives made by macOS's Finder
    "@eadir",  # Synology's thumbnails
    "@recycle",  # QNAP's
    "#recycle",
    "#snapshot",
    "$recycle.bin",  # Windows'
    "system volume information",
    "lost+found",
    "thumbnails",
    "_thumbs",
    "_thumbnails",
    "picasa originals",
    "originals (picasa)",
    "__pycache__",
}

HIDDEN = "hidden files"

ANNOTATIONS = ("annotations", "annotation")
"""Folders of PASCAL VOC's XML, in lower case."""


def split_called(name: str) -> str | None:
    """TRAIN, VALIDATION or TEST of a folder's name in any case, such as `Train` or `test_set`; else None."""
    found = _SPLIT.fullmatch(name.casefold())
    if not found:
        return None
    return TRAIN if found[1] else VALIDATION if found[2] else TEST


def splits_among(names: Iterable[str]) -> dict[str, list[str]]:
    """The names of folders, sorted, for each split that has any: TRAIN, then VALIDATION, then TEST."""
    found: dict[str, list[str]] = {TRAIN: [], VALIDATION: [], TEST: []}
    for name in sorted(names):
        split = split_called(name)
        if split:
            found[split].append(name)
    return {split: called for split, called in found.items() if called}


def is_leftover(name: str) -> bool:
    """Whether a folder is hidden (.thumbnails, .picasaoriginals) or another program's, and no class."""
    return name.startswith(".") or name.casefold() in _OTHER_PROGRAMS
