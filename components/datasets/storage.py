"""Where data lie: folders of this machine, read without TensorFlow, or those of gs:// and the like, by it."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, Protocol

from models.quiet_imports import quiet_imports


class Storage(Protocol):
    """Paths are taken as they are written: no character of them is a pattern's."""

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, without folders before the names; in no order.

        Raises:
            OSError: it is no folder, or cannot be read.
        """

    def size(self, path: str) -> int:
        """Bytes of a file. Raises OSError."""

    def open(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """A file for reading, with `seek`. Raises OSError, as reading does."""


class LocalStorage:
    """By Python itself, at once."""

    def names(self, folder: str) -> list[str]:
        """See Storage."""
        return os.listdir(folder)

    def size(self, path: str) -> int:
        """See Storage."""
        return os.stat(path).st_size

    def open(self, path: str) -> IO[bytes]:
        """See Storage."""
        return open(path, "rb", buffering=0)


class TensorFlowStorage:
    """By TensorFlow's file systems; importing it takes seconds."""

    def names(self, folder: str) -> list[str]:
        """See Storage."""
        with _file_systems() as gfile:
            return [name.rstrip("/") for name in gfile.listdir(folder)]

    def size(self, path: str) -> int:
        """See Storage."""
        with _file_systems() as gfile:
            return gfile.stat(path).length

    @contextmanager
    def open(self, path: str) -> Iterator[IO[bytes]]:
        """See Storage."""
        with _file_systems() as gfile, gfile.GFile(path, "rb") as file:
            yield file


def storage_of(path: str) -> Storage:
    """Of a path, by whether it names a file system."""
    return TensorFlowStorage() if "://" in path else LocalStorage()


@contextmanager
def _file_systems() -> Iterator[Any]:
    """tf.io.gfile, with Python's exceptions for its own."""
    with quiet_imports():
        import tensorflow as tf

    try:
        yield tf.io.gfile
    except tf.errors.NotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, error.message) from error
    except tf.errors.OpError as error:
        raise OSError(errno.EIO, error.message) from error
