"""The server as a whole, on one event loop: models, batching, gRPC and REST."""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from models.errors import InputError, one_line
from serving.server.batching.batcher import Batcher
from serving.server.encoding.tensors import Limits
from serving.server.errors import ServingError
from serving.server.event_log import EventLog
from serving.server.metrics import Metrics
from serving.server.options import Options
from serving.server.protocol.grpc_server import GrpcServer
from serving.server.protocol.inference import Inference
from serving.server.protocol.model_service import ModelService
from serving.server.protocol.prediction_service import PredictionService
from serving.server.protocol.rest import Rest
from serving.server.request_log.request_log import RequestLog
from serving.server.settings import batching_of, configs_of, loading_of, metrics_path_of, rotation_of
from serving.server.transport.calls import Budget, Calls
from serving.server.transport.grpc_calls import GrpcCalls
from serving.server.transport.http_server import HttpServer
from serving.server.transport.rest_calls import RestCalls
from serving.server.transport.security import Tokens, grpc_credentials
from serving.server.versions.registry import Policy, Registry
from serving.server.versions.warm_up import WarmUp

PAGE = "serving.page"


class Server:
    """`vgg serve` as an object: start it, ask its ports, stop it, all on one event loop.

    Attributes:
        grpc_port: bound when it is made; None without one.
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
        self._configs = configs_of(options)
        self._limits = Limits(options.max_request_items, options.max_input_elements)
        tokens, credentials = Tokens.read(options.token_file), grpc_credentials(options)
        self.metrics = Metrics()
        self.registry = self._registry()
        self._batcher = Batcher(batching_of(options), self.metrics)
        self._request_log = RequestLog(
            rotation_of(options),
            options.request_log_seed,
            loading_of(options).tags,
            self.metrics,
            self._log,
        )
        self._metrics_path = metrics_path_of(options)
        self._http = HttpServer(options) if options.rest_api_port else None
        self._grpc = GrpcServer(options, credentials)
        self.grpc_port = self._grpc.port
        self.rest_port = self._http.port if self._http else None
        self._watching: asyncio.Task | None = None
        self._assemble(tokens)

    async def start(self, say: Callable[[str], None] = lambda line: None) -> None:
        """Listens, loads a version of each model, and returns when all of them answer.

        `say` is given a line where it has to wait for a first version.

        Raises:
            InputError: there is none that can be loaded.
        """
        await self._grpc.start([self._prediction.handlers(self._calls), self._model.handlers(self._calls)])
        if self._http:
            name = self._configs[0].name if self._configs else self._options.model_name
            await self._http.start(self._rest.application(_page_routes(name)))
        if self._options.model_config_file and self._options.model_config_file_poll_wait_seconds:
            self._watching = asyncio.create_task(self._watch_config_file())
        wait = not self._options.fail_if_no_model_versions_found
        await self.registry.start(self._configs, wait=wait, say=say)
        await self._grpc.set_healthy(True)

    async def stop(self) -> bool:
        """Finishes running requests within the grace period; whether all of them were finished."""
        await self._grpc.set_healthy(False)
        if self._watching:
            self._watching.cancel()
        stops = [self._grpc.stop(self._options.grace_period_seconds)]
        if self._http:
            stops.append(self._http.stop())
        await asyncio.gather(*stops)
        finished = not self._batcher.is_busy
        self._rest.close()
        self._batcher.close()
        await asyncio.to_thread(self._request_log.close)
        if finished:
            await self.registry.close()
        return finished

    @property
    def serving(self) -> dict[str, int]:
        """The newest version of each model by its name."""
        return {name: each.available[0] for name, each in self.registry.models.items() if each.available}

    def _registry(self) -> Registry:
        options = self._options
        times = max(options.num_request_iterations_for_warmup, 1) if options.enable_model_warmup else 0
        return Registry(
            Policy(
                options.file_system_poll_wait_seconds, options.allow_version_labels_for_unavailable_models
            ),
            loading_of(options),
            WarmUp(self._limits, times),
            self._log,
            self._versions_changed,
        )

    def _assemble(self, tokens: Tokens) -> None:
        options = self._options
        budget = Budget(options.max_held_bytes, self.metrics)
        calls = Calls(self.metrics, self._log, log_requests=options.log_requests)
        inference = Inference(
            *(self.registry, self._batcher, self._limits, self._request_log),
            by_name=options.enable_signature_method_name_check,
        )
        as_content = options.enable_serialization_as_tensor_content
        self._prediction = PredictionService(inference, self.registry, self._limits, as_content=as_content)
        may_reload = bool(options.is_local or options.token_file or options.tls_client_ca)
        self._model = ModelService(self.registry, may_reload=may_reload)
        self._calls = GrpcCalls(calls, tokens, budget)
        timeout = options.rest_api_timeout_in_ms / 1000 or None
        rest_calls = RestCalls(
            *(calls, tokens, budget, options.max_message_bytes, timeout),
            open_to_pages=options.rest_api_enable_cors_support,
        )
        self._rest = Rest(
            *(inference, self._prediction, self._model, rest_calls, self.metrics, self._limits),
            metrics_path=self._metrics_path,
        )

    async def _watch_config_file(self) -> None:
        """Serves what the file says now; a reload that is refused is logged and tried again."""
        done = self._configs
        while True:
            await asyncio.sleep(self._options.model_config_file_poll_wait_seconds)
            try:
                configs = configs_of(self._options)
                if configs != done:
                    await self.registry.reload(configs)
                    done = configs
                    self._log.say("config_reloaded", models=[each.name for each in configs])
            except (InputError, ServingError) as error:
                self._log.say("config_refused", error=one_line(str(error)))

    def _versions_changed(self) -> None:
        models = self.registry.models
        self.metrics.available((name, number) for name, each in models.items() for number in each.available)


def _page_routes(model_name: str) -> Sequence[BaseRoute]:
    if importlib.util.find_spec(PAGE) is None:
        return []
    from serving.page.routes import page_routes

    return page_routes(model_name)
