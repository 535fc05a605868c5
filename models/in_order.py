"""Several files at once, their results in the files' order."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 64
"""Results at most that wait to be taken: more pictures would fill the memory."""
MOST_THREADS = 8


def in_order(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """`function` of each item, on all cores; decoding and reading let go of Python's lock."""
    with ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, MOST_THREADS)) as threads:
        for begin in range(0, len(items), AHEAD):
            yield from threads.map(function, items[begin : begin + AHEAD])
