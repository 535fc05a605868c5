"""The server as a whole, on one event loop: models, batching, gRPC and REST."""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from models.errors import InputError
from serving.server.batching.batcher import Batcher, Batching
from serving.server.encoding.tensors import Limits
from serving.server.event_log import EventLog
from serving.server.metrics import Metrics
from serving.server.options import Options
from serving.server.protocol.grpc_server import GrpcServer
from serving.server.protocol.inference import Inference
from serving.server.protocol.model_service import ModelService
from serving.server.protocol.prediction_service import PredictionService
from serving.server.protocol.rest import Rest
from serving.server.transport.calls import Budget, Calls
from serving.server.transport.grpc_calls import GrpcCalls
from serving.server.transport.http_server import HttpServer
from serving.server.transport.rest_calls import RestCalls
from serving.server.transport.security import Certificates, Tokens
from serving.server.versions.model_config import ModelConfig, read_config_file
from serving.server.versions.registry import Registry

PAGE = "serving.page"


class Server:
    """`vgg serve` as an object: start it, ask its ports, stop it, all on one event loop.

    Attributes:
        grpc_port: bound when it is made.
        rest_port: the same; None without REST.
        registry: the models.
        metrics: what Prometheus reads.
    """

    def __init__(self, options: Options, *, log: EventLog | None = None):
        """Binds the ports, inside a running event loop.

        Raises:
            InputError: an option, a file or a port cannot be used.
        """
        options.check()
        self._options, self._log = options, log or EventLog()
        self._configs = _configs(options)
        self._limits = Limits(options.max_request_items, options.max_input_elements)
        tokens, certificates = Tokens.read(options.token_file), Certificates.read(options)
        self._http = HttpServer(options) if options.has_rest else None
        self._grpc = GrpcServer(options, certificates)
        self.grpc_port = self._grpc.port
        self.rest_port = self._http.port if self._http else None
        self.metrics = Metrics()
        self.registry = Registry(
            options.file_system_poll_wait_seconds, self._limits, self._log, self._versions_changed
        )
        self._assemble(tokens)

    async def start(self, say: Callable[[str], None] = lambda line: None) -> None:
        """Listens, loads a version of each model, and returns when all of them answer.

        `say` is given a line where it has to wait for a first version.

        Raises:
            InputError: there is none that can be loaded.
        """
        await self._grpc.start([self._prediction.handlers(self._calls), self._model.handlers(self._calls)])
        if self._http:
            await self._http.start(self._rest.application(_page_routes(self._configs[0].name)))
        wait = not self._options.fail_if_no_model_versions_found
        await self.registry.start(self._configs, wait=wait, say=say)
        await self._grpc.set_healthy(True)

    async def stop(self) -> bool:
        """Finishes running requests within the grace period; whether all of them were finished."""
        await self._grpc.set_healthy(False)
        stops = [self._grpc.stop(self._options.grace_period_seconds)]
        if self._http:
            stops.append(self._http.stop())
        await asyncio.gather(*stops)
        finished = not self._batcher.is_busy
        self._rest.close()
        self._batcher.close()
        if finished:
            await self.registry.close()
        return finished

    @property
    def serving(self) -> dict[str, int]:
        """The newest version of each model by its name."""
        return {name: each.available[0] for name, each in self.registry.models.items() if each.available}

    def _assemble(self, tokens: Tokens) -> None:
        options = self._options
        self._batcher = Batcher(_batching(options), self.metrics)
        budget = Budget(options.max_held_bytes, self.metrics)
        calls = Calls(self.metrics, self._log, log_requests=options.log_requests)
        inference = Inference(self.registry, self._batcher, self._limits)
        self._prediction = PredictionService(inference, self.registry, self._limits)
        may_reload = bool(options.is_local or options.token_file or options.tls_client_ca)
        self._model = ModelService(self.registry, may_reload=may_reload)
        self._calls = GrpcCalls(calls, tokens, budget)
        timeout = options.rest_api_timeout_in_ms / 1000 or None
        rest_calls = RestCalls(calls, tokens, budget, options.max_message_bytes, timeout)
        self._rest = Rest(inference, self._prediction, self._model, rest_calls, self.metrics, self._limits)

    def _versions_changed(self) -> None:
        models = self.registry.models
        self.metrics.available((name, number) for name, each in models.items() for number in each.available)


def _configs(options: Options) -> list[ModelConfig]:
    if options.model_config_file:
        return read_config_file(options.model_config_file)
    if not options.model_name:
        raise InputError("--model_name: expected a name")
    return [ModelConfig(options.model_name, options.model_base_path)]


def _batching(options: Options) -> Batching:
    return Batching(
        most_items=options.max_batch_size,
        most_elements=options.max_input_elements,
        wait=options.batch_timeout_micros / 1e6,
        threads=options.num_batch_threads,
        most_waiting=options.max_enqueued_requests,
    )


def _page_routes(model_name: str) -> Sequence[BaseRoute]:
    if importlib.util.find_spec(PAGE) is None:
        return []
    from serving.page.routes import page_routes

    return page_routes(model_name)
