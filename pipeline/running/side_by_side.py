"""Components in the order of what they read, those that do not wait for each other side by side."""

import signal
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from models.errors import InputError, Preempted
from pipeline.running.executors import STOPPED, Executors
from pipeline.running.order import Order
from pipeline.running.room import Room, Share

HURRY = "Ends when what is at work has kept what it can; Ctrl-C again ends it at once"


class ComponentFailedError(Exception):
    """Attributes: node: the component's id; error: what it raised."""

    def __init__(self, node: str, error: BaseException):
        super().__init__(f"{node}: {error}")
        self.node, self.error = node, error


class SideBySide:
    """One run of all components."""

    def __init__(
        self,
        order: Order,
        room: Room,
        executors: Executors,
        launch: Callable[[str, Share, bool], None],
        say: Callable[[str], None],
        trainings: Collection[str] = (),
    ):
        """
        Args:
            order: the components.
            room: for them.
            executors: their processes.
            launch: runs one, in a thread: its id, its share, and whether nothing runs beside it to its end.
            say: shows a line.
            trainings: those that take all GPUs (pipeline.running.room).
        """
        self._order, self._room, self._executors = order, room, executors
        self._launch, self._say, self._trainings = launch, say, set(trainings)
        self._left, self._done = list(order), set[str]()
        self._running: dict[Future, tuple[str, Share]] = {}
        self._failures: list[tuple[str, BaseException]] = []

    def run(self) -> None:
        """Runs them. After the first failure none begins any more, and those that run go on to their end.

        Raises:
            InputError: the first that failed raised it.
            Preempted: SIGTERM came, and those that ran have ended.
            KeyboardInterrupt: likewise, after Ctrl-C.
            ComponentFailedError: the first failure, of another kind.
        """
        with ThreadPoolExecutor(self._room.side_by_side) as pool, self._passing_sigterm_on():
            try:
                self._run(pool)
            except KeyboardInterrupt:
                self._end_early()
                raise
        self._raise()

    def _run(self, pool: ThreadPoolExecutor) -> None:
        while True:
            if not self._failures and not self._executors.asked:
                self._begin(pool)
            if not self._running:
                return
            ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
            for future in ended:
                node, share = self._running.pop(future)
                self._room.give_back(share)
                if error := future.exception():
                    self._failed(node, error)
                else:
                    self._done.add(node)

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """All that are ready, as far as there is room, in the pipeline's order."""
        for node in self._order.ready(self._done):
            if node not in self._left:
                continue
            share = self._room.take(training=node in self._trainings)
            if share is None:
                return
            self._left.remove(node)
            self._running[pool.submit(self._launch, node, share, self._alone(node, share))] = node, share

    def _alone(self, node: str, share: Share) -> bool:
        """Whether nothing runs beside it until it ends."""
        if self._running:
            return False
        return self._room.is_full_with(share) or set(self._left) <= self._order.behind(node)

    def _failed(self, node: str, error: BaseException) -> None:
        self._failures.append((node, error))
        others = ", ".join(node for node, _ in self._running.values())
        if others and not self._executors.asked:
            self._say(f"{node} failed; nothing else begins, and the run ends after {others}")

    def _raise(self) -> None:
        if not self._failures:
            if self._executors.asked and self._left:
                raise Preempted(STOPPED)
            return
        # Of what SIGTERM ended, a training says how far it came.
        node, error = min(self._failures, key=lambda one: str(one[1]) == STOPPED)
        if isinstance(error, InputError | Preempted):
            raise error
        raise ComponentFailedError(node, error) from error

    def _end_early(self) -> None:
        self._executors.stop()
        self._say(HURRY)
        try:
            wait(self._running)
        except KeyboardInterrupt:
            self._executors.kill()

    @contextmanager
    def _passing_sigterm_on(self) -> Iterator[None]:
        before = signal.signal(signal.SIGTERM, lambda *_: self._executors.stop())
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)
