"""Where the images of a split lie: within tars that stay packed, or as files in folders.

Arrays and not objects, since ImageNet has 1.28 million of them: 70 MB in place of several hundred.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

OWN_FILE = -1
"""The offset of an image that is a file of its own."""


@dataclass(frozen=True)
class Group:
    """Images that lie together: in an inner tar or a class folder, by its name, or under no name.

    Attributes:
        name: such as n01440764; "" where images lie in no class's tar or folder.
        place: path of the tar or the folder.
        images: (file name, offset, bytes) of each; the offset is OWN_FILE where the place is a folder.
    """

    name: str
    place: str
    images: Sequence[tuple[str, int, int]]


@dataclass(frozen=True)
class Members:
    """Images in the order of their groups' names, then of their own.

    Attributes:
        groups: names, sorted. places: of each group.
        group: int32 [N], of each image, an index into these.
        name: bytes [N], of the file, without folders.
        offset: int64 [N], where its bytes begin in the tar, or OWN_FILE.
        size: int64 [N], bytes.
    """

    groups: tuple[str, ...]
    places: tuple[str, ...]
    group: np.ndarray
    name: np.ndarray
    offset: np.ndarray
    size: np.ndarray

    def __len__(self) -> int:
        return len(self.group)

    def name_of(self, index: int) -> str:
        """Of the file, without folders."""
        return os.fsdecode(self.name[index])

    def path_of(self, index: int) -> str:
        """For messages: a file's path, or the tar's and the name within it."""
        return os.path.join(self.places[self.group[index]], self.name_of(index))

    def read(self, index: int) -> bytes:
        """The image's bytes; fewer where the file has become shorter since.

        Raises:
            OSError: it cannot be read.
        """
        offset = int(self.offset[index])
        path = self.path_of(index) if offset == OWN_FILE else self.places[self.group[index]]
        with open(path, "rb") as file:
            file.seek(max(offset, 0))
            return file.read(int(self.size[index]))


def members_of(groups: Sequence[Group]) -> Members:
    """Sorted, so that neither the order of a tar nor that of a file system plays a part."""
    groups = sorted(groups, key=lambda one: one.name)
    images = [sorted(one.images) for one in groups]
    names = [np.array([os.fsencode(name) for name, _, _ in rows], np.bytes_) for rows in images]
    numbers = [np.array([row[1:] for row in rows], np.int64).reshape(-1, 2) for rows in images]
    offset, size = np.concatenate([np.empty([0, 2], np.int64), *numbers]).T
    return Members(
        groups=tuple(one.name for one in groups),
        places=tuple(one.place for one in groups),
        group=np.repeat(np.arange(len(groups), dtype=np.int32), [len(rows) for rows in images]),
        name=np.concatenate([np.empty([0], np.bytes_), *names]),
        offset=offset,
        size=size,
    )
