"""The photographs that a command line names: files, folders, standard input; read when their turn comes."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from components.datasets.image_files import SUFFIXES

STANDARD_INPUT = "-"
DRAWN = ".boxes.png"
"""How the names of pictures with boxes end, which are no photographs."""

MOST_BYTES = 64 * 2**20  # a few are in memory at a time; a photograph of 100 megapixels has some 40 MB
ADDRESSES = ("http://", "https://", "ftp://", "file://")


class ImageError(ValueError):
    """One image cannot be classified; the message says why in a line. Others are not concerned."""


@dataclass(frozen=True)
class Photograph:
    """One image as the user named it.

    Attributes:
        name: printable, for messages and results.
        argument: the path, or "-" for standard input.
    """

    name: str
    argument: str

    def read(self) -> bytes:
        """Its bytes; not looked into.

        Raises:
            ImageError: there is no such file, it cannot be read, is empty, or is far too large.
        """
        if self.argument.lower().startswith(ADDRESSES):
            raise ImageError("addresses are not fetched; save the photograph and name the file")
        try:
            encoded = self._bytes()
        except IsADirectoryError:
            raise ImageError(f"no photographs ({', '.join(SUFFIXES)}) in this folder") from None
        except (OSError, ValueError) as error:
            raise ImageError(getattr(error, "strerror", None) or str(error)) from None
        if not encoded:
            raise ImageError("is empty")
        if len(encoded) > MOST_BYTES:
            raise ImageError(f"is larger than {MOST_BYTES // 2**20} MiB; expected a photograph")
        return encoded

    def _bytes(self) -> bytes:
        if self.argument == STANDARD_INPUT:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with open(self.argument, "rb") as file:
            return file.read(MOST_BYTES + 1)


def find_photographs(arguments: Iterable[str]) -> Iterator[Photograph]:
    """Those that the arguments name, in their order; of a folder, recursively and sorted, those with a
    photograph's suffix, less the pictures of `--boxes`. A folder without any stands for itself and says so
    when it is read."""
    for argument in arguments:
        paths = list(_below(argument)) if os.path.isdir(argument) else []
        for path in paths or [argument]:
            yield Photograph("standard input" if path == STANDARD_INPUT else _printable(path), path)


def _below(folder: str) -> Iterator[str]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if (
                Path(name).suffix.lower() in SUFFIXES
                and not name.startswith(".")
                and not name.endswith(DRAWN)
            ):
                yield os.path.join(where, name)


def _printable(path: str) -> str:
    """On one line; file names may hold line breaks, control characters and bytes that are no text."""
    text = path.encode("utf-8", "replace").decode()
    return "".join(letter if letter.isprintable() else "�" for letter in text)
