"""The models that are served, by name: started, reloaded with another configuration, looked up."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc
import tensorflow as tf
from tensorflow_serving.apis import model_pb2

from models.errors import InputError
from serving.server.errors import ServingError, invalid, not_found
from serving.server.event_log import EventLog
from serving.server.options import check_path
from serving.server.versions.model_config import ModelConfig
from serving.server.versions.model_versions import Change, ModelVersions
from serving.server.versions.servable import Loading, Servable
from serving.server.versions.version import Loader, Version
from serving.server.versions.warm_up import WarmUp

Say = Callable[[str], None]

MOST_GONE = 50
"""Models that are no longer served and that GetModelStatus still tells of."""


@dataclass(frozen=True)
class Policy:
    """How models come and go.

    Attributes:
        poll_seconds: between two looks for new versions; 0 or less: none but at the start and when reloaded.
        any_label: whether a label may name a version that is not there.
    """

    poll_seconds: float
    any_label: bool = False


class Registry:
    """All models; everything but loading happens on the event loop."""

    def __init__(
        self, policy: Policy, loading: Loading, warm: WarmUp, log: EventLog, changed: Callable[[], None]
    ):
        """`changed` is called when a version of any model has come or gone."""
        self.models: dict[str, ModelVersions] = {}
        self._gone: dict[str, ModelVersions] = {}
        self._policy, self._loading, self._warm = policy, loading, warm
        self._log, self._changed = log, changed
        self._lock = asyncio.Lock()
        self._reloads: set[asyncio.Task] = set()
        # One: two nets of half a gigabyte being loaded at a time are no faster.
        self._threads = ThreadPoolExecutor(1, "load")

    async def start(self, configs: Sequence[ModelConfig], *, wait: bool, say: Say) -> None:
        """Loads a version of each model; where there is none, waits for it or, without `wait`, raises.

        Models do not wait for each other: what has a version answers.

        Raises:
            InputError: no version of a model can be loaded, or its folder cannot be read.
        """
        self.models = {config.name: self._versions(config) for config in configs}
        firsts = [asyncio.ensure_future(self._first(config.name, wait=wait, say=say)) for config in configs]
        try:
            await asyncio.gather(*firsts)
        finally:
            for first in firsts:
                first.cancel()
            await asyncio.gather(*firsts, return_exceptions=True)

    def choose(self, spec: model_pb2.ModelSpec) -> Version:
        """The version that a request's ModelSpec means; hold it with `with`. Raises ServingError."""
        number = spec.version.value if spec.HasField("version") else None
        return self.model(spec.name).choose(number, spec.version_label)

    def model(self, name: str) -> ModelVersions:
        """The model of that name. Raises INVALID_ARGUMENT for none, NOT_FOUND for one that is not there."""
        if not name:
            raise invalid("model_spec: expected the name of a model")
        if name not in self.models:
            raise not_found(f"no model {name[:60]!r}; there is {', '.join(sorted(self.models)) or 'none'}")
        return self.models[name]

    def known(self, name: str) -> ModelVersions:
        """The same; also one that is no longer served, whose versions have ended."""
        return self._gone[name] if name in self._gone and name not in self.models else self.model(name)

    async def reload(self, configs: Sequence[ModelConfig]) -> None:
        """Serves these models and no others: what HandleReloadConfigRequest asks for.

        All of it or nothing: what is new is loaded beside what is served, and then they change places at
        once. It goes on where the client that asked for it has gone.

        Raises:
            ServingError: FAILED_PRECONDITION, and all is as before.
        """
        task = asyncio.ensure_future(self._reload(configs))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
        await asyncio.shield(task)

    async def close(self) -> None:
        """Stops polling, and unloads all when their last requests are done."""
        await asyncio.gather(*self._reloads, return_exceptions=True)
        await asyncio.gather(*(versions.close() for versions in self.models.values()))
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _reload(self, configs: Sequence[ModelConfig]) -> None:
        async with self._lock:
            after = {config.name: self._reused(config) for config in configs}
            async with AsyncExitStack() as held:
                for versions in after.values():
                    await held.enter_async_context(versions.lock)
                changes = [(after[config.name], Change(config)) for config in configs]
                try:
                    for versions, change in changes:
                        await self._prepare(versions, change)
                except BaseException:
                    for versions, change in changes:
                        await versions.discard(change)
                    raise
                for versions, change in changes:
                    versions.commit(change)
                gone = {name: each for name, each in self.models.items() if after.get(name) is not each}
                self.models = after
            self._gone = {**self._gone, **gone}
            for name in list(self._gone)[:-MOST_GONE]:
                del self._gone[name]
            self._changed()
            for versions in after.values():
                versions.start_polling(self._policy.poll_seconds)
            await asyncio.gather(*(versions.close() for versions in gone.values()))

    async def _prepare(self, versions: ModelVersions, change: Change) -> None:
        before = versions.config.labels if versions is self.models.get(change.config.name) else {}
        await versions.prepare(change)
        there = versions.after(change)
        for label, number in change.config.labels.items():
            # A label that answers must go on answering, whatever the flag says of new ones.
            answers = before.get(label) in versions.available
            if number not in there and (answers or not self._policy.any_label):
                message = f"model {change.config.name}: label {label} names version {number}, not loaded"
                raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)

    def _versions(self, config: ModelConfig) -> ModelVersions:
        return ModelVersions(config, self._loader(config.name), self._threads, self._log, self._changed)

    def _loader(self, name: str) -> Loader:
        def load(path: str, number: int) -> Servable:
            servable = Servable(path, name, number, self._loading)
            try:
                requests = self._warm(servable, path)
            except BaseException:
                servable.close()
                raise
            self._log.say("version_warm", model=name, version=number, requests=requests)
            return servable

        return load

    async def _first(self, name: str, *, wait: bool, say: Say) -> None:
        """Until the model has a version, or is no longer wanted; a reload may put another in its place."""
        said: set[str] = set()
        while name in self.models and not self.models[name].available:
            versions = self.models[name]
            await _look(versions)
            if versions.available or versions is not self.models.get(name):
                continue
            nothing = _nothing(versions)
            if not wait or self._policy.poll_seconds <= 0:
                raise InputError(f"model {name}: {nothing}; push a model there first")
            if nothing not in said:
                say(f"{nothing}; waiting for one")
                said.add(nothing)
            await asyncio.sleep(self._policy.poll_seconds)
        if name in self.models:
            self._check_labels(self.models[name])
            self.models[name].start_polling(self._policy.poll_seconds)

    def _check_labels(self, versions: ModelVersions) -> None:
        for label, number in versions.config.labels.items():
            if number not in versions.available and not self._policy.any_label:
                raise InputError(
                    f"model {versions.config.name}: label {label} names version {number}, not loaded; "
                    "--allow_version_labels_for_unavailable_models lets it"
                )

    def _reused(self, config: ModelConfig) -> ModelVersions:
        """The model as it is where its folder stays the same, else a new one."""
        old = self.models.get(config.name)
        return old if old and old.config.base_path == config.base_path else self._versions(config)


async def _look(versions: ModelVersions) -> None:
    """Raises InputError where a version is there and cannot be loaded, or the folder cannot be read."""
    config = versions.config
    try:
        check_path(config.name, config.base_path)
        await versions.poll()
    except tf.errors.OpError as error:
        raise InputError(f"model {config.name}: {config.base_path}: {error.message}") from None
    if versions.failures and not versions.available:
        number, error = max(versions.failures.items())
        raise InputError(f"model {config.name}: {config.base_path}/{number} cannot be loaded: {error}")


def _nothing(versions: ModelVersions) -> str:
    path = versions.config.base_path
    if "://" not in path and not os.path.isdir(path):
        return f"no folder {path}"
    return f"no version in {path} (a folder named by a decimal number)"
