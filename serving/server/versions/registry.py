"""The models that are served, by name: started, reloaded with another configuration, looked up."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from tensorflow_serving.apis import model_pb2

from models.errors import InputError
from serving.server.encoding.tensors import Limits
from serving.server.errors import ServingError, not_found
from serving.server.event_log import EventLog
from serving.server.options import check_folder
from serving.server.versions.model_config import ModelConfig
from serving.server.versions.model_versions import ModelVersions
from serving.server.versions.servable import Servable
from serving.server.versions.version import Version
from serving.server.versions.warm_up import warm_up

Say = Callable[[str], None]


class Registry:
    """All models; everything but loading happens on the event loop."""

    def __init__(self, poll_seconds: float, limits: Limits, log: EventLog, changed: Callable[[], None]):
        """`changed` is called when a version of any model has come or gone."""
        self.models: dict[str, ModelVersions] = {}
        self._poll_seconds, self._limits, self._log, self._changed = poll_seconds, limits, log, changed
        self._lock = asyncio.Lock()
        # One: two nets of half a gigabyte being loaded at a time are no faster.
        self._threads = ThreadPoolExecutor(1, "load")

    async def start(self, configs: Sequence[ModelConfig], *, wait: bool, say: Say) -> None:
        """Loads a version of each model; where there is none, waits for it or, without `wait`, raises.

        Raises:
            InputError: no such folder, or no version in it can be loaded.
        """
        for config in configs:
            check_folder(config.name, config.base_path)
            self.models[config.name] = self._versions(config)
        for versions in self.models.values():
            await self._first(versions, wait=wait, say=say)
            versions.start_polling(self._poll_seconds)

    def choose(self, spec: model_pb2.ModelSpec) -> Version:
        """The version that a request's ModelSpec means; hold it with `with`. Raises ServingError."""
        number = spec.version.value if spec.HasField("version") else None
        return self.model(spec.name).choose(number, spec.version_label)

    def model(self, name: str) -> ModelVersions:
        """The model of that name. Raises NOT_FOUND."""
        if name not in self.models:
            raise not_found(f"no model {name[:60]!r}; there is {', '.join(sorted(self.models))}")
        return self.models[name]

    async def reload(self, configs: Sequence[ModelConfig]) -> None:
        """Serves these models and no others: what HandleReloadConfigRequest asks for.

        Raises:
            ServingError: FAILED_PRECONDITION, and all is as before.
        """
        async with self._lock:
            before = {name: versions.config for name, versions in self.models.items()}
            after = {config.name: self._reused(config) for config in configs}
            try:
                for config in configs:
                    await self._prepare(after[config.name], config)
            except BaseException:
                await self._undo(after, before)
                raise
            gone = [versions for name, versions in self.models.items() if after.get(name) is not versions]
            self.models = after
            await asyncio.gather(*(versions.close() for versions in gone))
            for versions in after.values():
                versions.start_polling(self._poll_seconds)
            self._changed()

    async def close(self) -> None:
        """Stops polling, and unloads all when their last requests are done."""
        await asyncio.gather(*(versions.close() for versions in self.models.values()))
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _versions(self, config: ModelConfig) -> ModelVersions:
        return ModelVersions(config, self._loader(config.name), self._threads, self._log, self._changed)

    def _loader(self, name: str) -> Callable[[str, int], Servable]:
        def load(path: str, number: int) -> Servable:
            servable = Servable(path, name, number)
            try:
                requests = warm_up(servable, path, self._limits)
            except BaseException:
                servable.close()
                raise
            self._log.say("version_warm", model=name, version=number, requests=requests)
            return servable

        return load

    async def _first(self, versions: ModelVersions, *, wait: bool, say: Say) -> None:
        config = versions.config
        await versions.poll()
        if not versions.available:
            if versions.failures:
                number, error = max(versions.failures.items())
                raise InputError(
                    f"model {config.name}: {config.base_path}/{number} cannot be loaded: {error}"
                )
            nothing = f"no version in {config.base_path} (a folder named by a decimal number)"
            if not wait or not self._poll_seconds:
                raise InputError(f"model {config.name}: {nothing}; push a model there first")
            say(f"{nothing}; waiting for one")
        while not versions.available:
            await asyncio.sleep(self._poll_seconds)
            await versions.poll()
        _check_labels(versions, InputError)

    def _reused(self, config: ModelConfig) -> ModelVersions:
        """The model as it is where its folder stays the same, else a new one."""
        old = self.models.get(config.name)
        return old if old and old.config.base_path == config.base_path else self._versions(config)

    async def _prepare(self, versions: ModelVersions, config: ModelConfig) -> None:
        try:
            check_folder(config.name, config.base_path)
        except InputError as error:
            raise _failed(str(error)) from None
        versions.config = config
        await versions.poll()
        if not versions.available:
            raise _failed(f"model {config.name}: no version in {config.base_path} could be loaded")
        _check_labels(versions, _failed)

    async def _undo(self, after: dict[str, ModelVersions], before: dict[str, ModelConfig]) -> None:
        for name, versions in after.items():
            if versions is not self.models.get(name):
                await versions.close()
            elif versions.config is not before[name]:
                versions.config = before[name]
                await versions.poll()


def _check_labels(versions: ModelVersions, error: Callable[[str], Exception]) -> None:
    for label, number in versions.config.labels.items():
        if number not in versions.available:
            raise error(f"model {versions.config.name}: label {label} names version {number}, not loaded")


def _failed(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)
