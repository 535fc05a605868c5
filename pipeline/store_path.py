"""Folders of object stores, gs:// and s3://, where a Path would make gs:/ of them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class StorePath:
    """A folder of an object store; `/` and `str` are a Path's.

    Attributes:
        url: such as "gs://bucket/folder", without a slash at its end.
    """

    url: str

    def __truediv__(self, name: str) -> "StorePath":
        return StorePath(f"{self.url}/{name}")

    def __str__(self) -> str:
        return self.url

    def __fspath__(self) -> str:
        return self.url


Place = Path | StorePath


def place(path: str | Path) -> Place:
    """An absolute path of this machine, or a folder of an object store."""
    if "://" in str(path):
        return StorePath(str(path).rstrip("/"))
    return Path(path).expanduser().absolute()
