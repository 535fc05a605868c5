"""The versions of one model: found by polling, loaded beside the old one, swapped, unloaded when idle."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

import grpc
import tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2

from models.errors import one_line
from serving.server.errors import ServingError, invalid, not_found
from serving.server.event_log import EventLog
from serving.server.threads import run_in
from serving.server.versions import answering
from serving.server.versions.model_config import ModelConfig
from serving.server.versions.version import Loader, State, Version, find_versions, fingerprint

MOST_ENDED = 50
"""Unloaded versions that GetModelStatus still tells of."""


@dataclass
class Change:
    """What another configuration asks for, loaded beside what is served, which knows nothing of it yet.

    Attributes:
        found: versions on the disk.
        loaded: those that were not served; one that could not be loaded has `failed` set.
    """

    config: ModelConfig
    found: Mapping[int, str] = field(default_factory=dict)
    loaded: dict[int, Version] = field(default_factory=dict)


class ModelVersions:
    """Keeps in memory those versions on the disk that the policy wants.

    A version that does not load is told of and left out, and tried again when its files change. A version is
    unloaded only when one that the policy wants is there in its place, so an emptied folder changes nothing.

    Attributes:
        lock: held while versions are looked for and loaded, and from `prepare` to `commit` or `discard`.
    """

    def __init__(
        self,
        config: ModelConfig,
        loader: Loader,
        threads: Executor,
        log: EventLog,
        changed: Callable[[], None] = lambda: None,
    ):
        """`threads` load and unload; `changed` is called when a version has come or gone."""
        self.config = config
        self.lock = asyncio.Lock()
        self._loader, self._threads, self._log, self._changed = loader, threads, log, changed
        self._versions: dict[int, Version] = {}
        self._unloading: set[asyncio.Task] = set()
        self._polling: asyncio.Task | None = None

    async def poll(self) -> None:
        """Looks at the disk once, and loads and unloads what follows from it.

        Raises:
            tf.errors.OpError: the base path cannot be read.
        """
        async with self.lock:
            found = await run_in(self._threads, find_versions, self.config.base_path)
            await self._forget_repaired(found)
            while (number := self._next(self.config, found, self._versions)) is not None:
                self._versions[number] = Version(number, found[number])
                await self._load(self._versions[number])
            self._retire(found)

    async def prepare(self, change: Change) -> None:
        """Loads what `change` wants and is not served. Followed by `commit` or `discard` of it.

        Raises:
            ServingError: FAILED_PRECONDITION: no version would be left to answer.
        """
        try:
            change.found = await run_in(self._threads, find_versions, change.config.base_path)
        except tf.errors.OpError as error:
            raise _failed(f"model {self.config.name}: {error.message}") from None
        await asyncio.gather(*self._unloading)  # of a version that is wanted again, perhaps
        await self._forget_repaired(change.found)
        while (number := self._next(change.config, change.found, self._with(change))) is not None:
            change.loaded[number] = Version(number, change.found[number])
            await self._load(change.loaded[number])
        if not self.after(change):
            path = change.config.base_path
            raise _failed(
                f"model {self.config.name}: no version in {path} could be loaded{self._why(change)}"
            )

    def after(self, change: Change) -> set[int]:
        """Numbers of the versions that will answer once `change` is committed."""
        return answering.kept(self._with(change), change.config, change.found)

    def commit(self, change: Change) -> None:
        """From now on the change is what is served: at once, within one step of the event loop."""
        self.config = change.config
        self._versions = self._with(change)
        self._retire(change.found)

    async def discard(self, change: Change) -> None:
        """Unloads what was loaded for `change`."""
        for version in change.loaded.values():
            if version.state == State.AVAILABLE:
                await version.unload(self._threads)

    def start_polling(self, seconds: float) -> None:
        """Polls until closed; what goes wrong is logged. Does nothing where it polls already."""
        if seconds > 0 and not self._polling:
            self._polling = asyncio.create_task(self._keep_polling(seconds))

    def choose(self, number: int | None = None, label: str = "") -> Version:
        """The version of that number or label, of neither the newest; hold it with `with`.

        Raises:
            ServingError: NOT_FOUND, INVALID_ARGUMENT for an unknown label, UNAVAILABLE while none is loaded.
        """
        if label:
            number = self._labelled(label)
        # Clients of OpenVINO's server, which speaks the same protocol, say 0 for the newest.
        if number is None or (number == 0 and 0 not in self._versions):
            return self._newest()
        version = self._versions.get(number)
        if version is None or version.state != State.AVAILABLE:
            raise not_found(f"model {self.config.name} has no version {number}; {self._there()}")
        return version

    @property
    def available(self) -> list[int]:
        """Numbers of the versions that answer, the newest first."""
        return sorted(answering.available(self._versions), reverse=True)

    @property
    def failures(self) -> dict[int, str]:
        """Why versions could not be loaded, by number."""
        return answering.failures(self._versions)

    def has(self, number: int) -> bool:
        """Whether a version of that number is known, in whatever state."""
        return number in self._versions

    def statuses(self, number: int | None = None) -> list[get_model_status_pb2.ModelVersionStatus]:
        """Of all versions, the newest first, or of one. Raises NOT_FOUND."""
        numbers = sorted(self._versions, reverse=True) if number is None else [number]
        if not numbers or not set(numbers) <= self._versions.keys():
            wanted = "any version" if number is None else f"version {number}"
            raise not_found(f"model {self.config.name}: could not find {wanted}; {self._there()}")
        return [self._versions[each].status() for each in numbers]

    async def close(self) -> None:
        """Unloads all, when their last requests are done."""
        async with self.lock:  # so that nothing is being loaded
            if self._polling:
                self._polling.cancel()
            for number in self.available:
                self._unload(self._versions[number])
        await asyncio.gather(*self._unloading)

    async def _keep_polling(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.poll()
            except Exception as error:
                self._log.say("poll_failed", model=self.config.name, error=one_line(repr(error)))

    def _next(
        self, config: ModelConfig, found: Mapping[int, str], versions: Mapping[int, Version]
    ) -> int | None:
        """The next version to load."""
        for number in answering.wanted(versions, config, found):
            if number not in versions or versions[number].state == State.END:
                return number
        return None

    async def _load(self, version: Version) -> None:
        started = asyncio.get_running_loop().time()
        await version.load(self._loader, self._threads)
        seconds = asyncio.get_running_loop().time() - started
        event = "version_failed" if version.failed is not None else "version_available"
        self._say(event, version, seconds=round(seconds, 3), error=version.error or None)

    def _with(self, change: Change) -> dict[int, Version]:
        return {**self._versions, **change.loaded}

    def _retire(self, found: Mapping[int, str]) -> None:
        kept = answering.kept(self._versions, self.config, found)
        for number in set(self.available) - kept:
            self._unload(self._versions[number])
        ended = [each for each in sorted(self._versions) if self._versions[each].state == State.END]
        for number in ended[:-MOST_ENDED]:
            del self._versions[number]

    def _unload(self, version: Version) -> None:
        async def unload() -> None:
            await version.unload(self._threads)
            self._say("version_unloaded", version)

        version.state = State.UNLOADING
        task = asyncio.create_task(unload())
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)

    async def _forget_repaired(self, found: Mapping[int, str]) -> None:
        """Those that could not be loaded and have changed since, or are gone."""
        for number in self.failures:
            path = found.get(number)
            if not path or await run_in(self._threads, fingerprint, path) != self._versions[number].failed:
                del self._versions[number]

    def _newest(self) -> Version:
        if not self.available:
            raise ServingError(grpc.StatusCode.UNAVAILABLE, f"model {self.config.name}: {self._there()}")
        return self._versions[self.available[0]]

    def _labelled(self, label: str) -> int:
        labels = self.config.labels
        if label not in labels:
            there = ", ".join(sorted(labels)) or "none"
            raise invalid(f"model {self.config.name} has no version label {label[:60]!r}; labels: {there}")
        return labels[label]

    def _there(self) -> str:
        if self.available:
            return f"there is {', '.join(map(str, self.available[:10]))}"
        return f"no version is loaded{self._why()}"

    def _why(self, change: Change | None = None) -> str:
        failures = answering.failures(self._with(change) if change else self._versions)
        return "".join(f"; version {number}: {error}" for number, error in sorted(failures.items()))

    def _say(self, event: str, version: Version, **fields: object) -> None:
        self._log.say(event, model=self.config.name, version=version.number, path=version.path, **fields)
        self._changed()


def _failed(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)
