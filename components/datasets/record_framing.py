"""Where a TFRecord file is damaged, and how: read without TensorFlow, whose errors name no file.

A record is its length (8 bytes, little-endian), the length's masked CRC32C (4), the data, and the data's
masked CRC32C (4). Walking from head to head reads 12 bytes a record; only damage within the data stays
unseen.
"""

import gzip
import math
import shutil
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO

import google_crc32c

from components.datasets.storage import storage_of
from models.errors import InputError

HEAD, TAIL = 12, 4
AT_ONCE = 1 << 22  # bytes of data in memory
MOST_HEADS = 50_000
"""ImageNet's validation images. A head costs 10 us where the file is in memory, a seek where it is not."""
AGAIN = "copy or write the file again"
DAMAGED_GZIP = "is gzipped, and cut short or damaged; expected a whole gzipped file"
GZIP = "GZIP"
"""As tf.data calls it."""
GZIP_BEGINS = b"\x1f\x8b\x08"
ZLIB_BEGINS = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")


def check_heads(files: Sequence[str], most: int = MOST_HEADS) -> None:
    """Walks from head to head, `most` of them, and on from there only looks at each file's first record.

    Of a gzipped file too, because a walk through it unpacks all of it.

    Raises:
        InputError: names the file, the record, its offset, and what is wrong.
    """
    left = most
    for file in files:
        at_once = 1 if compression_of(file) else max(left, 1)
        left -= sum(1 for _ in islice(walk(file), at_once))


def compression_of(path: str) -> str:
    """GZIP, or "" of a file that is not gzipped, by its first bytes, whatever it is called.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with storage_of(path).open(path) as file:
            return GZIP if _is_gzipped(file.read(HEAD)) else ""
    except OSError as error:
        raise _unreadable(path, error) from None


def unpack(path: str, target: str) -> None:
    """Writes what is in a gzipped file as a file of this machine.

    Raises:
        InputError: it is cut short or damaged.
        OSError: there is no room or right to write.
    """
    try:
        with storage_of(path).open(path) as file, open(target, "wb") as out:
            shutil.copyfileobj(gzip.GzipFile(fileobj=file), out, AT_ONCE)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"data file {path}: {DAMAGED_GZIP} ({error}); {AGAIN}") from None


def check_records(files: Sequence[str]) -> None:
    """Reads the files whole and compares every checksum.

    Raises:
        InputError: check_heads's.
    """
    for file in files:
        for _ in walk(file, checksums=True):
            pass


def walk(path: str, *, checksums: bool = False) -> Iterator[tuple[int, int]]:
    """(offset, bytes of data) of each record, in their order, once it has been looked at.

    Of the first record the data are read too, with `checksums` those of all. Of a gzipped file offsets are
    those in what it holds.

    Raises:
        InputError: check_heads's.
    """
    offset = number = 0
    try:
        with opened(path) as (file, size):
            while offset < size:
                file.seek(offset)
                head = file.read(HEAD)
                if not head and size == math.inf:
                    return
                wrong = wrong_head(head, offset, size)
                if not wrong and (checksums or number == 0) and not data_agree(file, data_length(head)):
                    wrong = f"its data or their checksum is damaged; expected that they agree; {AGAIN}"
                if wrong:
                    raise InputError(f"data file {path}: record {number + 1}, at byte {offset}: {wrong}")
                yield offset, data_length(head)
                offset += HEAD + data_length(head) + TAIL
                number += 1
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"data file {path}: record {number + 1}, at byte {offset}: {DAMAGED_GZIP} ({error}); {AGAIN}"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None


@contextmanager
def opened(path: str) -> Iterator[tuple[IO[bytes], float]]:
    """The file and its size in bytes; of a gzipped one what it holds, whose size is not known."""
    storage = storage_of(path)
    with storage.open(path) as file:
        gzipped = _is_gzipped(file.read(HEAD))
        file.seek(0)
        if gzipped:
            with gzip.GzipFile(fileobj=file) as content:
                yield content, math.inf
        else:
            yield file, storage.size(path)


def _unreadable(path: str, error: OSError) -> InputError:
    return InputError(
        f"data file {path}: cannot be read ({error.strerror}); expected a readable TFRecord file; mend its "
        "permissions or move it away"
    )


def _is_gzipped(head: bytes) -> bool:
    """A record of 560 kB begins alike, and then agrees with its checksum."""
    return head.startswith(GZIP_BEGINS) and not agrees(head)


def agrees(head: bytes) -> bool:
    """Whether these bytes are a record's head: a length with its own checksum behind it."""
    return len(head) == HEAD and _masked(google_crc32c.value(head[:8])) == struct.unpack("<I", head[8:])[0]


def wrong_head(head: bytes, offset: int, size: float) -> str:
    """What is wrong with a record by its head, what is expected and what to do; empty where nothing is.

    Args:
        head: up to HEAD bytes.
        offset: where they begin in the file.
        size: bytes of the file.
    """
    if agrees(head):
        record = HEAD + data_length(head) + TAIL
        if offset + record <= size:
            return ""
        return f"is cut short: the file ends after {size - offset} of its {record} bytes; {AGAIN}"
    if offset == 0:
        return _no_tfrecord(head)
    if len(head) < HEAD:
        return f"is cut short: the file ends after {len(head)} bytes of its head; {AGAIN}"
    return f"its length or the length's checksum is damaged; expected that they agree; {AGAIN}"


def _no_tfrecord(head: bytes) -> str:
    if head.startswith(ZLIB_BEGINS):
        return "is zlib-compressed; expected plain or gzipped TFRecords; unpack the file"
    return (
        f"is no TFRecord, or its head is damaged: the file begins with {head!r}; expected plain or "
        f"gzipped TFRecords; {AGAIN}, or move it away"
    )


def data_length(head: bytes) -> int:
    """Bytes of a record's data, by its head."""
    return struct.unpack("<Q", head[:8])[0]


def data_agree(file: IO[bytes], length: int) -> bool:
    """Whether the data, which begin where the file stands, have the checksum behind them."""
    crc = 0
    while length:
        data = file.read(min(length, AT_ONCE))
        if not data:
            return False  # the file has become shorter since
        crc, length = google_crc32c.extend(crc, data), length - len(data)
    return file.read(TAIL) == struct.pack("<I", _masked(crc))


def _masked(crc: int) -> int:
    """As TFRecords store it: a checksum of data that hold their own checksum would be constant."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
