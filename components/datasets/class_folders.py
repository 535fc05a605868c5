"""Finds the photographs of a folder tree with one folder per class."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from components.datasets.annotation_files import holds_annotations, is_annotation
from components.datasets.class_names import class_name, spelled, unlike
from components.datasets.folder_names import (
    HIDDEN,
    TEST,
    TRAIN,
    VALIDATION,
    is_leftover,
    splits_among,
)
from components.datasets.image_files import SUFFIXES, Source, images_below, is_image, stamp_of
from components.datasets.manifest import Account
from models.errors import InputError

LAYOUT = "train/CLASS/*.jpg and val/CLASS/*.jpg, or CLASS/*.jpg"


@dataclass
class Found:
    """What a folder tree holds.

    Attributes:
        train: the image files, by name.
        validation: those of the folder for validation; None where there is no such folder.
        classes: by class the names of its folders, also of those without images.
        annotations: XML files, of which some may be PASCAL VOC's of these photographs.
        account: how it was read.
    """

    train: list[Source] = field(default_factory=list)
    validation: list[Source] | None = None
    classes: dict[str, set[str]] = field(default_factory=dict)
    annotations: list[Path] = field(default_factory=list)
    account: Account = field(default_factory=Account)


def check_folder(source: Path) -> None:
    """Whether there is such a folder at all; `find` then looks into it.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    _entries(source)


def find(source: Path) -> Found:
    """The image files below `source`, which has folders for training and validation, or else class folders.

    Links are followed; hidden names and other programs' folders are passed over, and counted.

    Raises:
        InputError: no such layout, or a split without images.
    """
    walk = _Walk(source)
    found = walk.found
    splits = _split_folders(source, [path.name for path in walk.folders(source)])
    if splits:
        found.train = list(walk.images(source / splits[TRAIN]))
        found.validation = list(walk.images(source / splits[VALIDATION]))
        walk.count_outside(splits.values())
    else:
        found.train = list(walk.images(source))
    for name, images in (("training", found.train), ("validation", found.validation)):
        if images is not None and not images:
            raise _layout_error(source, f"no {name} images ({', '.join(SUFFIXES)})")
    found.account = walk.account(splits, unlike(found.classes))
    return found


def check_unwrapped(source: Path, found: Found) -> None:
    """Whether the only class is not the folder of an archive, with the class folders in it.

    Raises:
        InputError: it is.
    """
    if len(found.classes) > 1:
        return
    splits = found.account.split_folders
    root = source / splits[TRAIN] if splits else source
    walk = _Walk(source)
    for folder in walk.folders(root):
        within = len(walk.folders(folder))
        if within > 1:
            do = "put them in its place" if splits else f"name {folder} in its place"
            raise InputError(
                f"{source}: one class folder, {spelled(folder.name)}, which holds {within} folders; expected "
                f"{LAYOUT}; {do}"
            )


class _Walk:
    """A look through a tree, that notes in `found` what it passes."""

    def __init__(self, source: Path):
        self.source, self.found = source, Found()
        self._nested, self._outside = Counter(), Counter()
        self._leftovers, self._others = Counter(), Counter()

    def account(self, splits: dict[str, str], class_folders: dict[str, list[str]]) -> Account:
        """Of what was passed until now."""
        counted = (self._nested, self._outside, self._leftovers, self._others)
        return Account(splits, class_folders, *(dict(+counter) for counter in counted))

    def folders(self, root: Path) -> list[Path]:
        """Those in `root` that may be splits or classes, sorted."""
        return sorted(path for path in _entries(root) if path.is_dir() and not is_leftover(path.name))

    def images(self, root: Path) -> Iterator[Source]:
        """The image files in the class folders of `root`."""
        for path in sorted(_entries(root)):
            if not path.is_dir():
                if is_image(path.name) and not path.name.startswith("."):
                    self._outside[self._relative(root)] += 1
            elif is_leftover(path.name):
                self._count_leftovers(path)
            elif holds_annotations(path):
                self._note_annotations(path)
            else:
                yield from self._class_images(path)

    def count_outside(self, read: Iterable[str]) -> None:
        """Images in what lies beside the folders of the splits."""
        for path in sorted(_entries(self.source)):
            if path.is_dir() and is_leftover(path.name):
                self._count_leftovers(path)
            elif path.is_dir() and path.name not in read and holds_annotations(path):
                self._note_annotations(path)
            elif path.is_dir() and path.name not in read:
                self._outside[path.name] += images_below(path)
            elif is_image(path.name) and not path.name.startswith("."):
                self._outside["."] += 1

    def _class_images(self, folder: Path) -> Iterator[Source]:
        category = class_name(folder.name)
        if not category:
            raise InputError(
                f"{self.source}: a class folder is called {folder.name!r}; expected a name that can be read; "
                "rename it"
            )
        self.found.classes.setdefault(category, set()).add(folder.name)
        self._check_splits_within(folder)
        for path in self._files(folder):
            if is_annotation(path.name):
                self.found.annotations.append(path)
                continue
            if not is_image(path.name):
                self._others[path.suffix.lower() or "no suffix"] += 1
                continue
            if path.parent != folder:
                self._nested[self._relative(path.parent)] += 1
            name = self._relative(path)
            yield Source(path, name, category, stamp_of(path, name))

    def _check_splits_within(self, folder: Path) -> None:
        within = splits_among(path.name for path in self.folders(folder))
        if len(within) > 1:
            names = " and ".join(f"{name}/" for each in within.values() for name in each)
            alone = len(self.folders(folder.parent)) == 1
            do = f"name {folder} in its place" if alone else "put the splits above the classes"
            raise InputError(
                f"{self.source}: {self._relative(folder)}/ holds {names}; expected {LAYOUT}; {do}"
            )

    def _files(self, folder: Path) -> Iterator[Path]:
        """Below `folder`, at any depth; a link back to a folder above is not walked again."""
        walked = set()
        for top, folders, names in os.walk(folder, onerror=_refuse, followlinks=True):
            walked.add(os.path.realpath(top))
            for name in folders:
                if is_leftover(name):
                    self._count_leftovers(Path(top, name))
            folders[:] = sorted(
                name
                for name in folders
                if not is_leftover(name) and os.path.realpath(os.path.join(top, name)) not in walked
            )
            for name in sorted(names):
                if not name.startswith("."):
                    yield Path(top, name)
                elif is_image(name):
                    self._leftovers[HIDDEN] += 1

    def _note_annotations(self, folder: Path) -> None:
        """Of a folder beside those of the classes, which holds nothing else."""
        self.found.annotations += [path for path in self._files(folder) if is_annotation(path.name)]

    def _count_leftovers(self, folder: Path) -> None:
        images = images_below(folder)
        if images:
            self._leftovers[folder.name] += images

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.source).as_posix()


def _split_folders(source: Path, names: list[str]) -> dict[str, str]:
    """The folder of each of the two splits; none where the folders are the classes'."""
    there = splits_among(names)
    if not there:
        return {}
    several = [each for each in there.values() if len(each) > 1]
    if several:
        raise _layout_error(source, f"has {' and '.join(f'{name}/' for name in several[0])} for one split")
    held_out = there.get(VALIDATION) or there.get(TEST)
    if TRAIN not in there or not held_out:
        has = " and ".join(f"{each[0]}/" for each in there.values())
        lacks = "training" if TRAIN not in there else "validation"
        raise _layout_error(source, f"has {has} and no folder for {lacks}")
    return {TRAIN: there[TRAIN][0], VALIDATION: held_out[0]}


def _layout_error(source: Path, found: str) -> InputError:
    return InputError(f"{source}: {found}; expected {LAYOUT}; arrange the folder so or name another")


def _entries(root: Path) -> list[Path]:
    try:
        return list(root.iterdir())
    except OSError as error:
        raise _layout_error(root, error.strerror or "cannot be read") from error


def _refuse(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: {error.strerror}; expected a readable folder; give the right to read it"
    )
