"""Generations of a data set in one folder: DATA/span-3/, or DATA/span-3/version-2/, as TFX counts them.

A span is what came in a period, a version the same span written again. The names are those of TFX's pattern
`span-{SPAN}/version-{VERSION}/`, with or without zeros before the numbers; each generation is a data folder
of its own. What begins with another name, a dot for one, is not looked at: so a folder may be filled under
such a name, and be renamed when it is whole.
"""

import os
import re
from dataclasses import dataclass

from components.datasets.shards import TRAINING, VALIDATION, find_shards
from components.datasets.storage import storage_of
from models.errors import InputError

SPAN, VERSION = re.compile(r"span-(\d+)"), re.compile(r"version-(\d+)")
LAYOUT = "span-1/, span-2/, ... or span-1/version-1/, ... of shards"


@dataclass(frozen=True)
class Generation:
    """One span, or one version of it.

    Attributes:
        span: its number.
        version: its number; None where the span has no versions.
        folder: of its shards.
    """

    span: int
    version: int | None
    folder: str

    @property
    def order(self) -> tuple[int, int]:
        """A later generation's is larger: shards without a version are older than any version."""
        return self.span, -1 if self.version is None else self.version

    @property
    def name(self) -> str:
        """For people."""
        return f"span {self.span}" + ("" if self.version is None else f" version {self.version}")


def generation_of(folder: str) -> Generation | None:
    """What a data folder's path says of it; None where it says nothing."""
    *before, last = (part for part in str(folder).rstrip("/").split("/"))
    if found := SPAN.fullmatch(last):
        return Generation(int(found[1]), None, str(folder))
    span = SPAN.fullmatch(before[-1]) if before else None
    if span and (found := VERSION.fullmatch(last)):
        return Generation(int(span[1]), int(found[1]), str(folder))
    return None


def generations_in(folder: str) -> list[Generation]:
    """All of a folder, the newest first, whole or not.

    Raises:
        InputError: it cannot be read, or a generation is there under two names, such as span-1 and span-01.
    """
    found = [each for name in _names(folder) for each in _of_span(folder, name)]
    found.sort(key=lambda each: each.order, reverse=True)
    for newer, older in zip(found, found[1:], strict=False):
        if newer.order == older.order:
            raise InputError(
                f"data folder {folder}: {newer.name} is there twice, {newer.folder} and {older.folder}; "
                "expected it once; move one of them away"
            )
    return found


def marks(generation: Generation) -> list[list]:
    """Name, bytes and, on this machine, time of each shard: what tells that a generation was written again.

    Raises:
        InputError: it has not all of its shards (components.datasets.shards).
    """
    storage = storage_of(generation.folder)
    files = [file for split in (TRAINING, VALIDATION) for file in find_shards(generation.folder, split)]
    return [[os.path.basename(file), storage.size(file), _changed(file)] for file in files]


def _of_span(folder: str, name: str) -> list[Generation]:
    span = SPAN.fullmatch(name)
    if not span:
        return []
    path, number = f"{folder.rstrip('/')}/{name}", int(span[1])
    versions = [
        Generation(number, int(found[1]), f"{path}/{inner}")
        for inner in _names(path)
        if (found := VERSION.fullmatch(inner))
    ]
    return versions or [Generation(number, None, path)]


def _names(folder: str) -> list[str]:
    try:
        return storage_of(folder).names(folder)
    except FileNotFoundError:
        raise InputError(
            f"data folder {folder}: is no folder; expected one of {LAYOUT}; set VGG_DATA"
        ) from None
    except NotADirectoryError:
        return []
    except OSError as error:
        raise InputError(f"data folder {folder}: {error.strerror}; expected a readable folder") from None


def _changed(file: str) -> int:
    """Nanoseconds since 1970; 0 of another file system, where a file that is there does not change."""
    return 0 if "://" in file else os.stat(file).st_mtime_ns
