"""All that can still be read of a TFRecord file, and where it is damaged.

record_framing ends at the first damage. Here a record with damaged data is passed over, and behind a damaged
head the next place is looked for that is one: a length with its own checksum behind it. In other bytes such a
place comes by chance once in 2^32.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from components.datasets.record_framing import (
    AT_ONCE,
    COMPRESSED,
    HEAD,
    TAIL,
    agrees,
    data_agree,
    data_length,
    wrong_head,
)
from components.datasets.storage import storage_of

# The upper bytes of a length below 2^40, which is all of any file; a head of zeros alone is none, and a
# sparse file has gigabytes of them.
UPPER_BYTES = re.compile(rb"\0\0\0(?!\0\0\0\0)")
UPPER_AT = 5


@dataclass(frozen=True)
class Record:
    """A whole one: its number in the file, from 1, where it begins, in bytes, and its data."""

    number: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Damage:
    """Bytes of a file that are no whole record.

    Attributes:
        number: of the record that begins here, from 1. Those behind a damaged head count on from it, however
            many records were in the bytes that are not read.
        offset: where it begins, in bytes.
        what: what is wrong.
        unread: bytes from there on that are not read.
    """

    number: int
    offset: int
    what: str
    unread: int


def salvage(path: str) -> Iterator[Record | Damage]:
    """Everything in a file, in its order; a file that cannot be read is a Damage, too."""
    offset, number, size = 0, 1, 0
    try:
        storage = storage_of(path)
        size = storage.size(path)
        with storage.open(path) as file:
            while offset < size:
                one, offset = _at(file, offset, size, number)
                yield one
                number += 1
    except OSError as error:
        yield Damage(number, offset, f"cannot be read ({error.strerror})", size - offset)


def record_at(path: str, offset: int) -> Record | Damage:
    """What begins at that byte of a file, by a number of 0. Raises OSError."""
    storage = storage_of(path)
    with storage.open(path) as file:
        return _at(file, offset, storage.size(path), 0)[0]


def _at(file: IO[bytes], offset: int, size: int, number: int) -> tuple[Record | Damage, int]:
    """What lies at `offset`, and where the next one begins."""
    head = _read(file, offset, HEAD)
    wrong = wrong_head(head, offset, size)
    if wrong:
        compressed = offset == 0 and head.startswith(tuple(COMPRESSED))
        end = size if compressed else _next_head(file, offset + 1, size)
        return Damage(number, offset, wrong.partition("; ")[0], end - offset), end
    length = data_length(head)
    data = _read(file, offset + HEAD, length + TAIL)
    end = offset + HEAD + length + TAIL
    if data_agree(io.BytesIO(data), length):
        return Record(number, offset, data[:length]), end
    # Where bytes are missing, the next record begins earlier than it should.
    if end != size and not agrees(_read(file, end, HEAD)):
        end = min(end, _next_head(file, offset + HEAD, size))
    return Damage(number, offset, "its data or their checksum is damaged", end - offset), end


def _next_head(file: IO[bytes], begin: int, size: int) -> int:
    """Where the first head at or behind `begin` lies; `size` where there is none."""
    while begin + HEAD <= size:
        block = _read(file, begin, AT_ONCE)
        for found in _matches(block):
            at = found - UPPER_AT
            if at >= 0 and agrees(block[at : at + HEAD]):
                return begin + at
        if len(block) < AT_ONCE:
            break
        begin += len(block) - HEAD + 1
    return size


def _matches(block: bytes) -> Iterator[int]:
    """Where UPPER_BYTES match, though they overlap."""
    found = UPPER_BYTES.search(block)
    while found:
        yield found.start()
        found = UPPER_BYTES.search(block, found.start() + 1)


def _read(file: IO[bytes], offset: int, length: int) -> bytes:
    """`length` bytes from `offset` on, or those that there are: a system call may give less."""
    file.seek(offset)
    parts = []
    while length > 0 and (part := file.read(length)):
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
