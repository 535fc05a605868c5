"""TFRecord files that are either whole or hidden: the one being written has a dot before its name."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

import tensorflow as tf

SUFFIX = ".tfrecord"


@dataclass(frozen=True)
class Rotation:
    """When a file ends and the next begins.

    Attributes:
        most_bytes: of records, after which it ends.
        most_seconds: since its first record.
    """

    most_bytes: int
    most_seconds: float


class LogFile:
    """Writes records to PREFIX-TIME-PROCESS-NUMBER.tfrecord, one file after another."""

    def __init__(self, prefix: str, rotation: Rotation, now: Callable[[], float] = time.time):
        self._folder, self._name = os.path.split(prefix)
        self._rotation, self._now = rotation, now
        self._writer: tf.io.TFRecordWriter | None = None
        self._number = self._bytes = 0
        self._since, self._part, self._whole = 0.0, "", ""

    def write(self, record: bytes) -> None:
        """Raises tf.errors.OpError where the file system does not let it; what was written before stays."""
        if self._writer is None:
            self._open()
        self._writer.write(record)
        self._bytes += len(record)
        if self._bytes >= self._rotation.most_bytes:
            self.end()

    def end_if_old(self) -> None:
        """Ends a file that was begun long ago."""
        if self._writer and self._now() - self._since >= self._rotation.most_seconds:
            self.end()

    def end(self) -> None:
        """The file gets its name; the next record begins another one. Raises tf.errors.OpError."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        writer.close()
        tf.io.gfile.rename(self._part, self._whole)

    def _open(self) -> None:
        tf.io.gfile.makedirs(self._folder)
        self._since, self._bytes = self._now(), 0
        begun = datetime.fromtimestamp(self._since, timezone.utc).strftime("%Y%m%d-%H%M%S")
        name = f"{self._name}-{begun}-{os.getpid()}-{self._number:05d}{SUFFIX}"
        self._number += 1
        self._whole, self._part = (os.path.join(self._folder, dot + name) for dot in ("", "."))
        self._writer = tf.io.TFRecordWriter(self._part)
