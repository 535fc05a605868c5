"""Finds the photographs of a folder tree with one folder per class, and its label space."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from components.datasets.manifest import Category
from models.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")
VALIDATION_NAMES = ("val", "validation")
LAYOUT = "train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg"


@dataclass(frozen=True)
class Source:
    """One image file.

    Attributes:
        path: where it is.
        name: relative to the folder that was given, with "/".
        category: the class folder's name.
        stamp: a line that changes with the file: name, bytes and modification time.
    """

    path: Path
    name: str
    category: str
    stamp: str


@dataclass
class Found:
    """What a folder tree holds.

    Attributes:
        train: the image files, by name.
        validation: those of the folder for validation; None where there is no such folder.
        folders: the class folders' names, also of those without images.
        others: files that are no images by their suffix, counted by suffix.
    """

    train: list[Source] = field(default_factory=list)
    validation: list[Source] | None = None
    folders: set[str] = field(default_factory=set)
    others: Counter = field(default_factory=Counter)


def check_folder(source: Path) -> None:
    """Whether there is such a folder at all; `find` then looks into it.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    _entries(source)


def find(source: Path) -> Found:
    """The image files below `source`, which has train/ and val/, or else the class folders themselves.

    Links are followed; names that begin with a dot are passed over.

    Raises:
        InputError: no such layout, or a split without images.
    """
    found = Found()
    validation = _validation_folder(source)
    if validation:
        found.train += _images(source, source / "train", found)
        found.validation = list(_images(source, validation, found))
    else:
        found.train += _images(source, source, found)
    for name, images in (("training", found.train), ("validation", found.validation)):
        if images is not None and not images:
            raise _layout_error(source, f"no {name} images ({', '.join(SUFFIXES)})")
    return found


def categories_of(folders: set[str], class_list: Path | None) -> list[Category]:
    """The classes in label order: the list's, or else the folders in alphabetical order.

    Raises:
        InputError: the list cannot be used, or there is a folder that it does not name.
    """
    if class_list is None:
        if len(folders) < 2:
            raise InputError(f"{len(folders)} class folder; expected at least 2; add a folder per class")
        return [Category(synset=name, text=name) for name in sorted(folders)]
    categories = _read_class_list(class_list)
    unknown = sorted(folders - {category.synset for category in categories})
    if unknown:
        raise InputError(
            f"folder {unknown[0]!r}: not in {class_list}, which names {len(categories)} classes; "
            "expected folders named as its first column; rename the folder or add a line"
        )
    return categories


def _validation_folder(source: Path) -> Path | None:
    there = [name for name in ("train", *VALIDATION_NAMES) if _visible_folder(source / name)]
    if len(there) == 3 or len(there) == 1:
        raise _layout_error(source, f"has {', '.join(f'{name}/' for name in there)} only partly as expected")
    if len(there) == 2 and "train" not in there:
        raise _layout_error(source, "has val/ and validation/ and no train/")
    return source / there[1] if there else None


def _visible_folder(path: Path) -> bool:
    return not path.name.startswith(".") and path.is_dir()


def _layout_error(source: Path, found: str) -> InputError:
    return InputError(f"{source}: {found}; expected {LAYOUT}; arrange the folder so or name another")


def _images(source: Path, root: Path, found: Found) -> Iterator[Source]:
    """The image files in the class folders of `root`; notes the folders and the other files in `found`."""
    for folder in sorted(path for path in _entries(root) if _visible_folder(path)):
        found.folders.add(folder.name)
        for path in _files(folder):
            if path.suffix.lower() in SUFFIXES:
                name = path.relative_to(source).as_posix()
                yield Source(path, name, folder.name, _stamp(path, name))
            else:
                found.others[path.suffix.lower() or "no suffix"] += 1


def _entries(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())
    except OSError as error:
        raise _layout_error(root, error.strerror or "cannot be read") from error


def _files(folder: Path) -> Iterator[Path]:
    """All visible files below `folder`, at any depth; a link back to a folder above is not walked again."""
    walked = set()
    for top, folders, names in os.walk(folder, followlinks=True):
        walked.add(os.path.realpath(top))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(top, name)) not in walked
        )
        yield from (Path(top, name) for name in sorted(names) if not name.startswith("."))


def _stamp(path: Path, name: str) -> str:
    """A link to nowhere has no size; it is reported as unreadable when its turn comes."""
    try:
        status = path.stat()
    except OSError:
        return f"{name}\tmissing"
    return f"{name}\t{status.st_size}\t{status.st_mtime_ns}"


def _read_class_list(path: Path) -> list[Category]:
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputError(
            f"{path}: {reason}; expected lines of SYNSET<TAB>NAME or NAME; name another --class-list"
        ) from error
    columns = [[column.strip() for column in line.split("\t")] for line in lines]
    names = Counter(row[0] for row in columns)
    for number, row in enumerate(columns, start=1):
        if not row[0] or names[row[0]] > 1:
            problem = f"{row[0]!r} is there twice" if row[0] else "is empty"
            raise InputError(f"{path}: line {number}: {problem}; expected one class a line; correct the list")
    if len(columns) < 2:
        raise InputError(f"{path}: {len(columns)} classes; expected at least 2; correct the list")
    return [Category(synset=row[0], text=row[1] if len(row) > 1 and row[1] else row[0]) for row in columns]
