"""All that can still be read of a TFRecord file, and where it is damaged.

record_framing ends at the first damage. Here a record with damaged data is passed over, and behind a damaged
head the next place is looked for that is one: a length with its own checksum behind it. In other bytes such a
place comes by chance once in 2^32.
"""

import gzip
import io
import math
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from components.datasets.record_framing import (
    AT_ONCE,
    DAMAGED_GZIP,
    HEAD,
    TAIL,
    ZLIB_BEGINS,
    agrees,
    data_agree,
    data_length,
    opened,
    wrong_head,
)

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
    """Everything in a file, in its order; a file that cannot be read is a Damage, too.

    Offsets and bytes of a gzipped file are those of what it holds. Where it is itself damaged, nothing behind
    that can be read, and how much that is, is not known: `unread` is 0.
    """
    offset, number, size = 0, 1, 0.0
    try:
        with opened(path) as (file, size):
            while offset < size and (one := _at(file, offset, size, number)):
                yield one
                offset, number = _end(one), number + 1
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield Damage(number, offset, f"{DAMAGED_GZIP.partition('; ')[0]} ({error})", 0)
    except OSError as error:
        unread = 0 if size == math.inf else int(size) - offset
        yield Damage(number, offset, f"cannot be read ({error.strerror})", unread)


def record_at(path: str, offset: int) -> Record | Damage | None:
    """What begins at that byte of a file, by a number of 0; None at its end.

    Raises:
        OSError, EOFError, zlib.error: it cannot be read.
    """
    with opened(path) as (file, size):
        return _at(file, offset, size, 0)


def _at(file: IO[bytes], offset: int, size: float, number: int) -> Record | Damage | None:
    """What begins at `offset`; the size of what a gzipped file holds is infinite."""
    head = _read(file, offset, HEAD)
    if not head:
        return None
    wrong = wrong_head(head, offset, size)
    if wrong:
        searched = offset or not head.startswith(ZLIB_BEGINS)
        end = _next_head(file, offset + 1) if searched else int(size)
        return Damage(number, offset, wrong.partition("; ")[0], end - offset)
    length = data_length(head)
    data = _read(file, offset + HEAD, length + TAIL)
    if data_agree(io.BytesIO(data), length):
        return Record(number, offset, data[:length])
    end = offset + HEAD + length + TAIL
    what = "its data or their checksum is damaged"
    if len(data) < length + TAIL:
        what = f"is cut short: the file ends after {HEAD + len(data)} of its {end - offset} bytes"
        end = offset + HEAD + len(data)
    # Where bytes are missing, the next record begins earlier than it should.
    if (following := _read(file, end, HEAD)) and not agrees(following):
        end = min(end, _next_head(file, offset + HEAD))
    return Damage(number, offset, what, end - offset)


def _end(one: Record | Damage) -> int:
    return one.offset + (one.unread if isinstance(one, Damage) else HEAD + len(one.data) + TAIL)


def _next_head(file: IO[bytes], begin: int) -> int:
    """Where the first head at or behind `begin` lies; where the file ends if there is none."""
    while block := _read(file, begin, AT_ONCE):
        for found in _matches(block):
            at = found - UPPER_AT
            if at >= 0 and agrees(block[at : at + HEAD]):
                return begin + at
        if len(block) < AT_ONCE:
            break
        begin += len(block) - HEAD + 1
    return begin + len(block)


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
