"""How the machines of a training see each other: a small file of each in a folder that all share.

Each writes its own anew every few seconds, with another number in it, and reads the others'. Clocks are not
compared: a file tells something only once it has changed while it was looked at, so what an earlier run left
behind is never taken for a living process.
"""

import contextlib
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from models.errors import InputError, cause_of

BEAT_SECONDS = 2.0
FAILURES = (OSError, tf.errors.OpError)


class Beacon:
    """Context manager: says something in the file `path`, again and again, until it ends."""

    def __init__(self, path: str):
        self._path = path
        self._words: dict[str, Any] = {}
        self._beat, self._lock, self._over = 0, threading.Lock(), threading.Event()

    def __enter__(self) -> "Beacon":
        self._thread = threading.Thread(target=self._repeat, name="beacon", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()

    def say(self, **words: Any) -> None:
        """Changes what is said, at once; what is not named stays.

        Raises:
            InputError: the file cannot be written.
        """
        try:
            self._write(words)
        except FAILURES as error:
            raise InputError(
                f"{self._path}: cannot be written ({cause_of(error)}); the home folder must be one that all "
                "machines of the training share and can write"
            ) from None

    def _repeat(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            try:
                self._write({})
            except FAILURES as error:
                logging.getLogger(__name__).warning("%s: %s", self._path, cause_of(error))

    def _write(self, words: dict[str, Any]) -> None:
        """A reader finds the whole of the old or of the new."""
        with self._lock:
            self._words |= words
            self._beat += 1
            part = f"{self._path}.part"
            with tf.io.gfile.GFile(part, "w") as file:
                file.write(json.dumps({**self._words, "beat": self._beat}))
            tf.io.gfile.rename(part, self._path, overwrite=True)


class Sight:
    """Another process's beacon, as it is seen from here."""

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic):
        self._path, self._clock = path, clock
        self._text, self._alive, self._changed = self._read(), False, clock()

    def look(self) -> dict[str, Any] | None:
        """What it says, or None as long as it has not changed since this object was made."""
        text = self._read()
        if text and text != self._text:
            self._text, self._alive, self._changed = text, True, self._clock()
        return json.loads(self._text) if self._alive else None

    @property
    def silent_seconds(self) -> float:
        """Since the last change that was seen, or since this object was made."""
        return self._clock() - self._changed

    def _read(self) -> str:
        with contextlib.suppress(*FAILURES), tf.io.gfile.GFile(self._path) as file:
            text = file.read()
            with contextlib.suppress(ValueError):
                json.loads(text)
                return text
        return ""
