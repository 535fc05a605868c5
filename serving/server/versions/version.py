"""One version of a model: where it is in its life, and who is using it."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2

from models.errors import one_line
from serving.server.errors import ServingError
from serving.server.threads import run_in
from serving.server.versions.memory import give_back
from serving.server.versions.servable import Servable

State = get_model_status_pb2.ModelVersionStatus.State
UNKNOWN_ERROR = tf.errors.UNKNOWN

Loader = Callable[[str, int], Servable]
"""From a version's folder and number; runs in a thread, and warms the model up."""


@dataclass(eq=False)
class Version:
    """A version folder. All but the loading and closing happens on the event loop.

    Attributes:
        users: requests that hold it.
        failed: the folder's fingerprint at the time when it could not be loaded.
        error: why it could not be loaded.
    """

    number: int
    path: str
    state: int = State.START
    servable: Servable | None = None
    users: int = 0
    failed: tuple | None = None
    error: str = ""
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    async def load(self, loader: Loader, threads: Executor) -> None:
        """START to AVAILABLE; or to END with `error` and `failed` set."""
        self.state, self.error, self.failed = State.LOADING, "", None
        before: tuple = ()
        try:
            before = await run_in(threads, fingerprint, self.path)
            self.servable = await run_in(threads, loader, self.path, self.number)
            await run_in(threads, give_back)
            self.state = State.AVAILABLE
        except Exception as error:
            message = error.message if isinstance(error, ServingError | tf.errors.OpError) else str(error)
            self.error, self.failed = one_line(message or type(error).__name__), before
            self.state = State.END

    async def unload(self, threads: Executor) -> None:
        """To END, when its last user is gone."""
        while self.users:
            self._idle.clear()
            await self._idle.wait()
        close, self.servable = self.servable.close, None
        await run_in(threads, close)
        del close
        await run_in(threads, give_back)
        self.state = State.END

    def __enter__(self) -> "Version":
        self.users += 1
        return self

    def __exit__(self, *_) -> None:
        self.users -= 1
        if not self.users:
            self._idle.set()

    def status(self) -> get_model_status_pb2.ModelVersionStatus:
        """As GetModelStatus tells it."""
        status = get_model_status_pb2.ModelVersionStatus(version=self.number, state=self.state)
        status.status.SetInParent()
        if self.error:
            status.status.error_code = UNKNOWN_ERROR
            status.status.error_message = self.error
        return status


def find_versions(base_path: str) -> dict[int, str]:
    """Folders below `base_path` whose names are decimal numbers, by number; none where it is not there.

    Raises:
        tf.errors.OpError: it cannot be read.
    """
    try:
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(base_path)]
    except tf.errors.NotFoundError:
        return {}
    return {
        int(name): os.path.join(base_path, name)
        for name in names
        if name.isascii() and name.isdecimal() and len(name) < 20 and int(name) < 2**63
    }


def fingerprint(path: str) -> tuple:
    """Changes when the SavedModel in folder `path` does: names, lengths and times of its main files."""
    found = []
    for folder in (path, os.path.join(path, "variables")):
        if tf.io.gfile.isdir(folder):
            for name in sorted(tf.io.gfile.listdir(folder)):
                stat = tf.io.gfile.stat(os.path.join(folder, name))
                found.append((name, stat.length, stat.mtime_nsec))
    return tuple(found)
