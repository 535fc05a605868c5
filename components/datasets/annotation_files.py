"""Which of a folder tree's XML files is the annotation of which photograph.

They lie beside the photographs, with their names, or in a folder Annotations above or among them. A file
there is a photograph's whose path ends as its own does below that folder: Annotations/cat/1.xml is that of
train/cat/1.jpg, and so is Annotations/1.xml where there is no other 1.jpg.
"""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from components.datasets.folder_names import ANNOTATIONS
from components.datasets.image_files import Source, images_below

BESIDE = "beside the photographs"


@dataclass
class Matched:
    """Annotations and their photographs.

    Attributes:
        read: BESIDE, or the names of the folders Annotations; empty where no file is a photograph's.
        of: the file of each photograph that has one, by the photograph's name.
        not_read: files of the other way, as there are some of both, by name.
        spare: files of no photograph, or of several, by name.
    """

    read: str = ""
    of: dict[str, Path] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)


def is_annotation(name: str) -> bool:
    """By its suffix, in any case."""
    return name.lower().endswith(".xml")


def holds_annotations(folder: Path) -> bool:
    """Whether it is no class: called Annotations, with XML files and no images in it, at any depth."""
    if folder.name.lower() not in ANNOTATIONS or images_below(folder):
        return False
    return any(is_annotation(name) for _, _, names in os.walk(folder) for name in names)


def match(source: Path, photographs: Sequence[Source], files: Sequence[Path]) -> Matched:
    """Where there are annotations both beside photographs and in folders, those beside them are read.

    Args:
        source: the folder that names are relative to.
        photographs: all of them.
        files: XML files below `source`.
    """
    named = {path.relative_to(source).as_posix(): path for path in files}
    places = {name: _place(PurePosixPath(name).with_suffix("").parts) for name in named}
    beside = {name: tail for name, (above, tail) in places.items() if above is None}
    within = {name: place for name, place in places.items() if place[0] is not None}
    claims = _claims(photographs, {tail: name for name, tail in beside.items()}, _own)
    found = Matched(BESIDE)
    if claims:
        found.not_read = sorted(within)
        read = beside
    else:
        roots = {above for above, _ in within.values()}
        claims = _claims(
            photographs, {place: name for name, place in within.items()}, lambda parts: _ends(parts, roots)
        )
        used = {"/".join(PurePosixPath(name).parts[: len(within[name][0]) + 1]) for name in claims}
        found.read, read = ", ".join(f"{folder}/" for folder in sorted(used)), within
    found.of = {only: named[name] for name, (only, *more) in claims.items() if not more}
    found.spare = sorted(name for name in read if len(claims.get(name, ())) != 1)
    return found if found.of else Matched()


def _place(parts: tuple[str, ...]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The folder of the uppermost Annotations, and the path below that; of others None and the path."""
    for number, part in enumerate(parts[:-1]):
        if part.lower() in ANNOTATIONS:
            return parts[:number], parts[number + 1 :]
    return None, parts


def _claims(photographs: Sequence[Source], index: dict, places) -> dict[str, list[str]]:
    """Photographs' names by the name of the annotation that each would have."""
    claims: dict[str, list[str]] = defaultdict(list)
    for photograph in photographs:
        parts = PurePosixPath(photograph.name).with_suffix("").parts
        name = next((index[place] for place in places(parts) if place in index), None)
        if name is not None:
            claims[name].append(photograph.name)
    return claims


def _own(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield parts


def _ends(parts: tuple[str, ...], roots: set[tuple[str, ...]]) -> Iterator[tuple]:
    """Where its annotation may be, the longest path first, of the nearest folder first."""
    above = [parts[:number] for number in range(len(parts) - 1, -1, -1) if parts[:number] in roots]
    for root in above:
        for begin in range(len(root), len(parts)):
            yield root, parts[begin:]
