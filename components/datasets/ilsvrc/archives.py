"""Finds the images in ILSVRC-2012's tars, or in folders that somebody has unpacked them into.

A tar is walked from head to head; no image is read. The training archive is a tar of a tar for each synset.
"""

import os
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from typing import IO

from components.datasets.ilsvrc.members import OWN_FILE, Group, Members, members_of
from components.datasets.tfrecords import Watcher
from models.errors import InputError, cause_of

INNER = ".tar"
NO_GROUP = ""
IMAGES = (".jpeg", ".jpg", ".png")
INDEXED = "indexed"
AGAIN = "download it again (--check-md5 tells whether it is whole)"


def find(path: Path, watcher: Watcher) -> Members:
    """The images of a tar of tars, a tar of images, a folder of class folders or a folder of images.

    Raises:
        InputError: there is no such file or folder or it has no images, a tar is damaged or cut short, or
            an image or a class is there twice.
    """
    try:
        if path.is_dir():
            groups = _in_folder(path, watcher)
        else:
            with open(path, "rb") as file:
                groups = _in_tar(file, path, watcher)
    except OSError as error:
        raise InputError(
            f"{path}: {cause_of(error)}; expected a readable tar of ILSVRC-2012 or its folder"
        ) from None
    if not any(one.images for one in groups):
        raise InputError(f"{path}: no images ({', '.join(IMAGES)}); expected those of ILSVRC-2012")
    return members_of(groups)


def _in_folder(path: Path, watcher: Watcher) -> list[Group]:
    names = sorted(entry.name for entry in os.scandir(path) if entry.is_dir()) or [NO_GROUP]
    watcher.begins(INDEXED, len(names), "folders")
    groups = []
    for name in names:
        files = (one for one in os.scandir(path / name) if _is_image(one.name) and one.is_file())
        images = [(one.name, OWN_FILE, one.stat().st_size) for one in files]
        groups.append(Group(name, str(path / name), images))
        watcher.step(INDEXED, len(names))
    return groups


def _in_tar(file: IO[bytes], path: Path, watcher: Watcher) -> list[Group]:
    files = list(_files(_Section(file, 0, path.stat().st_size), str(path)))
    inner = [one for one in files if one.name.endswith(INNER)]
    if inner and len(inner) < len(files):
        odd = next(one.name for one in files if not one.name.endswith(INNER))
        raise InputError(f"{path}: {odd} beside {inner[0].name}; expected tars alone, or images alone")
    _check_once([one.name for one in inner], str(path))
    if not inner:
        return [Group(NO_GROUP, str(path), _images(files, 0, str(path)))]
    watcher.begins(INDEXED, len(inner), "tars")
    groups = []
    for one in inner:
        where = f"{one.name} in {path}"
        section = _Section(file, one.offset_data, one.size)
        images = _images(_files(section, where), one.offset_data, where)
        groups.append(Group(os.path.basename(one.name).removesuffix(INNER), str(path), images))
        watcher.step(INDEXED, len(inner))
    return groups


def _images(files: Iterable[tarfile.TarInfo], begin: int, where: str) -> list[tuple[str, int, int]]:
    found = [
        (os.path.basename(one.name), begin + one.offset_data, one.size)
        for one in files
        if _is_image(one.name)
    ]
    _check_once([name for name, _, _ in found], where)
    return found


def _files(section: "_Section", where: str) -> Iterator[tarfile.TarInfo]:
    """Of a tar; their offsets are within it."""
    with _as_input_error(where), tarfile.open(fileobj=section, mode="r:") as archive:
        for one in archive:
            if one.offset_data + one.size > section.size:
                raise InputError(f"{where}: is cut short within {one.name}; expected all of it; {AGAIN}")
            if one.isfile():
                yield one


@contextmanager
def _as_input_error(where: str) -> Iterator[None]:
    try:
        yield
    except tarfile.ReadError as error:
        reason = cause_of(error)
        if "unexpected end" in reason or "truncated" in reason:
            raise InputError(f"{where}: is cut short; expected a whole tar; {AGAIN}") from None
        raise InputError(
            f"{where}: is no tar, is compressed or is damaged ({reason}); expected one of ILSVRC-2012 as it "
            f"was downloaded; {AGAIN}"
        ) from None


def _check_once(names: Sequence[str], where: str) -> None:
    if len(set(names)) < len(names):
        ordered = sorted(names)
        twice = next(name for name, after in zip(ordered, ordered[1:], strict=False) if name == after)
        raise InputError(f"{where}: {twice} is there twice; expected each once; {AGAIN}")


def _is_image(name: str) -> bool:
    return name.lower().endswith(IMAGES) and not os.path.basename(name).startswith(".")


class _Section(RawIOBase):
    """Some bytes of a file as a file of its own, for a tar within a tar."""

    def __init__(self, file: IO[bytes], begin: int, size: int):
        self.size = size
        self._file, self._begin, self._at = file, begin, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self.size - self._at, 0)
        self._file.seek(self._begin + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data
