"""How far the workers are, in whichever processes: each appends to one file, which the command reads."""

import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTRY = struct.Struct("<qq")
SECONDS = 0.25


def tell(path: str, things: int, size: int) -> None:
    """Appends that so many images, or sheets, and bytes are done. One write, so entries do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, ENTRY.pack(things, size))
    finally:
        os.close(descriptor)


def told(path: str, begin: int = 0) -> Iterator[tuple[int, int]]:
    """The entries of a file from its byte `begin` on; none where it is not there yet."""
    try:
        with open(path, "rb") as file:
            file.seek(begin)
            content = file.read()
    except FileNotFoundError:
        return
    yield from ENTRY.iter_unpack(content[: len(content) // ENTRY.size * ENTRY.size])


@contextmanager
def watched(path: str, advance: Callable[[int, int], None]) -> Iterator[None]:
    """Calls `advance` with what has been told meanwhile, several times a second and once at the end."""
    stop, read = threading.Event(), 0

    def look() -> None:
        nonlocal read
        entries = list(told(path, read))
        read += ENTRY.size * len(entries)
        if entries:
            advance(sum(each[0] for each in entries), sum(each[1] for each in entries))

    def watch() -> None:
        while not stop.wait(SECONDS):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        look()
