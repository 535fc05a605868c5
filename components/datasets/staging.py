"""A folder that is either complete or not there.

It is written under a hidden name beside its place and renamed at the end. What a killed run has left behind
is removed by the next run; that it was abandoned shows in its lock, which the kernel drops with the process.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from models.errors import InputError


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """A new folder that becomes `out` when the block ends, and is removed when the block raises.

    Args:
        out: an absolute path without symbolic links, not there or an empty folder.

    Raises:
        InputError: no right or no space to write.
    """
    folder = out.parent / f".{out.name}.partial-{uuid.uuid4().hex[:8]}"
    try:
        with as_input_error(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(out)
            folder.mkdir()
            with locked(folder):
                yield folder
                os.rename(folder, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def as_input_error(out: Path) -> Iterator[None]:
    """What the system says of writing into `out`, in one line."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error).splitlines()[0]
        raise InputError(
            f"{out}: cannot write this folder ({reason}); expected a writable place with enough free space; "
            "free some space or choose another --out"
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds a folder for this process alone. Raises BlockingIOError where another one holds it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_abandoned(out: Path) -> None:
    """Removes folders of runs that were killed; a run that still writes holds its lock and keeps its own."""
    for folder in out.parent.iterdir():
        if folder.name.startswith(f".{out.name}.partial-") and folder.is_dir():
            with suppress(OSError), locked(folder):
                shutil.rmtree(folder)
