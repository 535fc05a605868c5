"""Several items at once, their results in the items' order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 64
MOST_THREADS = 8


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
) -> Iterator[Result]:
    """`function` of each item, on all cores; decoding and reading let go of Python's lock.

    At most `ahead` results wait to be taken: more pictures would fill the memory. What has not begun when the
    caller stops, or an item fails, is not begun any more.
    """
    threads = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, MOST_THREADS))
    waiting: deque = deque()
    try:
        for item in items:
            waiting.append(threads.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
