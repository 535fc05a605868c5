"""A file that is either complete or not there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import InputError, cause_of


@contextmanager
def written_whole(path: Path, option: str) -> Iterator[Path]:
    """A name beside `path` to write to, which becomes `path` when the block ends.

    Args:
        path: the file's, replaced where it is there.
        option: that named it, for the error.

    Raises:
        InputError: the system does not let it be written; nothing is left.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{option} {path}: cannot be written ({cause_of(error)}); nothing was; choose another place"
        ) from None
    finally:
        part.unlink(missing_ok=True)
