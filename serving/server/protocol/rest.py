"""TensorFlow Serving's REST paths, the metrics, and the page's routes.

GET /v1/models/NAME[/versions/V|/labels/L][/metadata], POST the same with :predict, :classify or :regress; GET
METRICS_PATH. A path is split first and its parts are decoded then, so that a name may hold any character.
"""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_to_bytes

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving.server.encoding import json_answers
from serving.server.encoding.json_examples import read_examples
from serving.server.encoding.json_requests import JsonRequest
from serving.server.encoding.tensors import Limits
from serving.server.encoding.unset_fields import as_dict
from serving.server.errors import invalid
from serving.server.metrics import Metrics
from serving.server.protocol.inference import Inference
from serving.server.protocol.model_service import ModelService
from serving.server.protocol.prediction_service import SIGNATURE_DEF, PredictionService
from serving.server.threads import run_in
from serving.server.transport.calls import Call
from serving.server.transport.rest_calls import Body, Respond, RestCalls

METRICS_PATH = "/monitoring/prometheus/metrics"
_MODEL = (
    r"(?i:/v1/models)(?:/(?P<name>[^/:]+)(?:(?i:/versions/)(?P<version>\d+)|(?i:/labels/)(?P<label>[^/:]+))?)"
)
RUN = re.compile(_MODEL + r":(?P<method>predict|classify|regress)", re.ASCII)
DESCRIBE = re.compile(_MODEL + r"?(?P<metadata>(?i:/metadata))?", re.ASCII)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

LONG_BODY = 2**20
"""Bytes from which a body is read in a thread; shorter ones take less time than handing them over."""


class Rest:
    """The REST API as an ASGI application."""

    def __init__(
        self,
        inference: Inference,
        prediction: PredictionService,
        model: ModelService,
        calls: RestCalls,
        metrics: Metrics,
        limits: Limits,
        *,
        metrics_path: str,
    ):
        self._inference, self._prediction, self._model = inference, prediction, model
        self._calls, self._metrics, self._limits = calls, metrics, limits
        self._metrics_path = metrics_path
        # One: long bodies take up to 30 times their length in memory while they are read.
        self._threads = ThreadPoolExecutor(1, "json")

    def application(self, more: Sequence[BaseRoute] = ()) -> Starlette:
        """The application, with `more` routes beside its own."""
        routes = [
            Route("/v1/{path:path}", self._dispatch, methods=METHODS),
            Route("/V1/{path:path}", self._dispatch, methods=METHODS),
            Route(self._metrics_path, self._show_metrics, methods=["GET"]),
            *more,
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})

    def close(self) -> None:
        """Ends its thread."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _dispatch(self, request: Request) -> Response:
        path = request.scope["raw_path"].decode("latin-1")
        if request.method == "POST" and (match := RUN.fullmatch(path)):
            return await self._calls.answer(request, match["method"].title(), self._run(match))
        if request.method == "GET" and (match := DESCRIBE.fullmatch(path)):
            if match["metadata"]:
                return await self._calls.answer(request, "GetModelMetadata", self._metadata(match))
            return await self._calls.answer(request, "GetModelStatus", self._status(match))
        if request.method == "OPTIONS" and self._calls.headers:
            return Response(headers=self._calls.headers)
        return await self._calls.answer(request, "Malformed", _malformed(request))

    def _run(self, match: re.Match) -> Respond:
        async def run(call: Call, body: Body) -> Response:
            spec = _spec(match)
            if match["method"] == "predict":
                return await self._predict(call, spec, await body.read())
            return await self._infer(call, spec, match["method"], await body.read())

        return run

    async def _infer(self, call: Call, spec: model_pb2.ModelSpec, method: str, body: bytes) -> Response:
        threads = self._threads if len(body) > LONG_BODY else None
        spec.signature_name, given = await run_in(threads, read_examples, body, self._limits)
        del body
        if method == "classify":
            content = json_answers.classify_body((await self._inference.classify(call, spec, given)).result)
        else:
            content = json_answers.regress_body((await self._inference.regress(call, spec, given)).result)
        return Response(content, media_type="application/json")

    async def _predict(self, call: Call, spec: model_pb2.ModelSpec, body: bytes) -> Response:
        threads = self._threads if len(body) > LONG_BODY else None
        parsed = await run_in(threads, JsonRequest.parse, body, self._limits)
        del body
        spec.signature_name = parsed.signature_name
        prediction = await self._inference.predict(
            call, spec, lambda signature: parsed.read(signature, self._limits), threads=threads
        )
        write = json_answers.row_body if parsed.is_row else json_answers.columnar_body
        long = sum(array.size for array in prediction.outputs.values()) > json_answers.AT_ONCE
        content = await run_in(self._threads if long else None, write, prediction.outputs)
        return Response(content, media_type="application/json")

    def _status(self, match: re.Match) -> Respond:
        async def status(call: Call, body: Body) -> Response:
            request = get_model_status_pb2.GetModelStatusRequest(model_spec=_spec(match))
            return JSONResponse(as_dict(await self._model.status(request, call)))

        return status

    def _metadata(self, match: re.Match) -> Respond:
        async def metadata(call: Call, body: Body) -> Response:
            request = get_model_metadata_pb2.GetModelMetadataRequest(
                model_spec=_spec(match), metadata_field=[SIGNATURE_DEF]
            )
            answer = await self._prediction.metadata(request, call)
            signatures = get_model_metadata_pb2.SignatureDefMap()
            answer.metadata[SIGNATURE_DEF].Unpack(signatures)
            return JSONResponse(
                {"model_spec": as_dict(answer.model_spec), "metadata": {SIGNATURE_DEF: as_dict(signatures)}}
            )

        return metadata

    async def _show_metrics(self, request: Request) -> Response:
        if refusal := self._calls.refusal(request):
            return refusal
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")


def _spec(match: re.Match) -> model_pb2.ModelSpec:
    """Raises INVALID_ARGUMENT."""
    if not match["name"]:
        raise invalid("the path: expected the name of a model")
    spec = model_pb2.ModelSpec(name=_decoded(match["name"]))
    if match["version"]:
        digits = match["version"].lstrip("0")
        if len(digits) > 19 or int(digits or "0") >= 2**63:
            raise invalid(f"version {match['version'][:40]}: expected a number of 64 bits")
        spec.version.value = int(digits or "0")
    if match["label"]:
        spec.version_label = _decoded(match["label"])
    return spec


def _decoded(part: str) -> str:
    try:
        return unquote_to_bytes(part.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise invalid(f"the path: {part[:60]!r} is no UTF-8") from None


def _malformed(request: Request) -> Respond:
    async def refuse(call: Call, body: Body) -> Response:
        raise invalid(f"Malformed request: {request.method} {request.url.path}")

    return refuse


async def _http_error(request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": f"{error.detail}: {request.method} {request.url.path}"}, error.status_code)
