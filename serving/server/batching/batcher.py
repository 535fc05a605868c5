"""Dynamic batching with a bounded queue.

Everything but the computing happens on the event loop, so there are no locks. Requests are taken in the order
of arrival; those of one key that wait at the same time go together.
"""

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from serving.server.batching.work import Outcome, Work, compute
from serving.server.errors import ServingError, exhausted
from serving.server.metrics import Metrics
from serving.server.versions.servable import Arrays


@dataclass(frozen=True)
class Batching:
    """Limits of a Batcher.

    Attributes:
        most_items, most_elements: in a batch.
        wait: seconds a request waits for others to join it.
        threads: batches computed at the same time.
        most_waiting: requests in the queue.
    """

    most_items: int
    most_elements: int
    wait: float
    threads: int
    most_waiting: int


class Batcher:
    """Computes requests in threads, several at once where their keys are the same."""

    def __init__(self, batching: Batching, metrics: Metrics):
        self._limits, self._metrics = batching, metrics
        self._queues: dict[tuple, deque[Work]] = {}
        self._waiting = 0
        self._free = batching.threads
        self._threads = ThreadPoolExecutor(batching.threads, "compute")
        self._running: set[asyncio.Task] = set()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        """Whether anything is being computed."""
        return bool(self._running)

    async def run(self, work: Work) -> Arrays:
        """The outputs of `work`.

        Raises:
            ServingError: RESOURCE_EXHAUSTED at once where the queue is full, DEADLINE_EXCEEDED, or what
                the graph said.
        """
        work.check_wanted()
        if self._waiting >= self._limits.most_waiting:
            raise exhausted(f"{self._waiting} requests are waiting, as many as may; try again later")
        work.result = asyncio.get_running_loop().create_future()
        self._queues.setdefault(work.key, deque()).append(work)
        self._count(1)
        self._start()
        try:
            return await work.result
        except asyncio.CancelledError:
            work.result.cancel()
            self._drop(work)
            raise

    def close(self) -> None:
        """Ends the threads that are idle; whatever is still being computed is left alone."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> None:
        while self._free > 0 and (batch := self._next()):
            self._free -= 1
            task = asyncio.create_task(self._compute(batch))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        self._set_timer()

    async def _compute(self, batch: list[Work]) -> None:
        self._metrics.batch_items.observe(sum(work.items for work in batch))
        loop, started = asyncio.get_running_loop(), time.monotonic()
        try:
            outcomes = await loop.run_in_executor(self._threads, compute, batch, self._limits.most_items)
        except Exception as error:
            outcomes = [error] * len(batch)
        finally:
            self._free += 1
        first = batch[0]
        self._metrics.computed(first.servable.name, first.signature.name, time.monotonic() - started)
        for work, outcome in zip(batch, outcomes, strict=True):
            _settle(work, outcome)
        self._start()

    def _next(self) -> list[Work]:
        """The batch of the request that has waited longest, of those that need wait no more."""
        ready = [queue for queue in self._queues.values() if self._due(queue) <= time.monotonic()]
        if not ready:
            return []
        return self._take(min(ready, key=lambda queue: queue[0].arrived))

    def _due(self, queue: deque[Work]) -> float:
        """When a queue's first request has waited long enough, as time.monotonic()."""
        full = sum(work.items for work in queue) >= self._limits.most_items
        return queue[0].arrived + (0 if full or not queue[0].is_batch else self._limits.wait)

    def _take(self, queue: deque[Work]) -> list[Work]:
        batch, items, elements = [], 0, 0
        while queue:
            items, elements = items + queue[0].items, elements + queue[0].elements
            if batch and (items > self._limits.most_items or elements > self._limits.most_elements):
                break
            batch.append(queue.popleft())
        self._count(-len(batch))
        self._forget_if_empty(batch[0].key)
        return self._still_wanted(batch) or (self._next() if self._queues else [])

    def _still_wanted(self, batch: list[Work]) -> list[Work]:
        wanted = []
        for work in batch:
            try:
                work.check_wanted()
                wanted.append(work)
            except ServingError as error:
                _settle(work, error)
        return wanted

    def _drop(self, work: Work) -> None:
        queue = self._queues.get(work.key)
        if queue and work in queue:
            queue.remove(work)
            self._count(-1)
            self._forget_if_empty(work.key)

    def _forget_if_empty(self, key: tuple) -> None:
        if not self._queues[key]:
            del self._queues[key]

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._queues and self._free > 0:
            soon = min(self._due(queue) for queue in self._queues.values())
            delay = max(0.0, soon - time.monotonic())
            self._timer = asyncio.get_running_loop().call_later(delay, self._start)

    def _count(self, change: int) -> None:
        self._waiting += change
        self._metrics.waiting.set(self._waiting)


def _settle(work: Work, outcome: Outcome | Exception) -> None:
    if work.result.done():
        return
    if isinstance(outcome, Exception):
        work.result.set_exception(outcome)
    else:
        work.result.set_result(outcome)
