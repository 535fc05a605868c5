"""Writes a sample of the answered requests, off their path: a bounded queue, and one thread that writes."""

import queue
import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import tensorflow as tf
from tensorflow_serving.apis import model_pb2, prediction_log_pb2

from models.errors import one_line
from serving.server.event_log import EventLog
from serving.server.metrics import Metrics
from serving.server.request_log.log_file import LogFile, Rotation
from serving.server.request_log.messages import metadata_of
from serving.server.versions.model_config import Logging

MOST_WAITING = 1000  # requests
MOST_BYTES = 64 * 2**20
"""Of requests and answers that wait to be written; a request more is dropped, and counted."""

LOOK = 1.0  # seconds between two looks for a file that is old
PATIENCE = 10.0  # seconds until what waits at the end has to be written
WRITTEN, DROPPED, UNWRITABLE = "written", "dropped", "failed"

Make = Callable[..., prediction_log_pb2.PredictionLog]


@dataclass(frozen=True)
class _Entry:
    model: str
    prefix: str
    size: int
    make: Callable[[], prediction_log_pb2.PredictionLog]


class RequestLog:
    """All models' logs. `offer` is called on the event loop, which does no more than draw a number."""

    def __init__(self, rotation: Rotation, seed: int, tags: Iterable[str], metrics: Metrics, log: EventLog):
        """`seed` decides which requests are drawn: of the same requests in the same order the same ones."""
        self._rotation, self._tags = rotation, tuple(tags)
        self._metrics, self._log = metrics, log
        self._random = random.Random(seed)
        self._queue: queue.Queue[_Entry | None] = queue.Queue(MOST_WAITING)
        self._lock, self._held = threading.Lock(), 0
        self._thread: threading.Thread | None = None
        self._files: dict[str, LogFile] = {}
        self._said: set[str] = set()

    def offer(
        self, logging: Logging | None, answered: model_pb2.ModelSpec, size: int, make: Make, *given: object
    ) -> None:
        """An answered request.

        Args:
            logging: of its model; None where nothing is logged.
            answered: the answer's ModelSpec.
            size: about how many bytes it holds.
            make: of the log's metadata and what else is `given`; called in the thread.
        """
        if logging is None or self._random.random() >= logging.sampling_rate:
            return
        metadata = metadata_of(answered, logging.sampling_rate, self._tags)
        entry = _Entry(answered.name, logging.filename_prefix, size, lambda: make(metadata, *given))
        if not self._take(size):
            self._metrics.logged(answered.name, DROPPED)
            return
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._take(-size)
            self._metrics.logged(answered.name, DROPPED)
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="request log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Writes what waits, and ends the files; gives up on a file system that does not answer."""
        if self._thread:
            try:
                self._queue.put(None, timeout=PATIENCE)
            except queue.Full:
                return
            self._thread.join(PATIENCE)

    def _take(self, size: int) -> bool:
        with self._lock:
            if size > 0 and self._held + size > MOST_BYTES:
                return False
            self._held += size
            return True

    def _write_all(self) -> None:
        while True:
            try:
                entry = self._queue.get(timeout=LOOK)
            except queue.Empty:
                entry = None
            else:
                if entry is None:
                    break
                self._write(entry)
            for prefix, file in self._files.items():
                self._guarded(prefix, file.end_if_old)
        for prefix, file in self._files.items():
            self._guarded(prefix, file.end)

    def _write(self, entry: _Entry) -> None:
        file = self._files.setdefault(entry.prefix, LogFile(entry.prefix, self._rotation))
        done = self._guarded(entry.prefix, lambda: file.write(entry.make().SerializeToString()))
        self._metrics.logged(entry.model, WRITTEN if done else UNWRITABLE)
        self._take(-entry.size)

    def _guarded(self, prefix: str, work: Callable[[], None]) -> bool:
        """Whether it went well; a file system's fault is said once, and no request is the worse for it."""
        try:
            work()
        except (tf.errors.OpError, ValueError) as error:
            message = one_line(str(error))
            if message not in self._said:
                self._said.add(message)
                self._log.say("request_log_failed", prefix=prefix, error=message)
            return False
        return True
