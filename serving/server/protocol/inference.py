"""Predict, Classify, Regress and MultiInference, whichever protocol they came by."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import grpc
import numpy as np
from google.protobuf.message import Message
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    regression_pb2,
)

from serving.server.batching.batcher import Batcher
from serving.server.batching.work import Work
from serving.server.encoding import examples
from serving.server.encoding.examples import CLASSIFY, INPUTS, REGRESS
from serving.server.encoding.signature import Signature
from serving.server.encoding.tensors import Limits
from serving.server.errors import ServingError, invalid
from serving.server.request_log.messages import infer_log, predict_log, size_of
from serving.server.request_log.request_log import RequestLog
from serving.server.threads import run_in
from serving.server.transport.calls import Call
from serving.server.versions.model_config import Logging
from serving.server.versions.registry import Registry
from serving.server.versions.servable import Arrays, Servable
from serving.server.versions.version import Version

ReadInputs = Callable[[Signature], dict[str, np.ndarray]]
"""Reads and checks a request's inputs for a signature."""


@dataclass(frozen=True)
class Prediction:
    """An answer, and which version and signature gave it."""

    outputs: Arrays
    spec: model_pb2.ModelSpec


class Inference:
    """Finds the version, reads the inputs, waits for the answer."""

    def __init__(
        self,
        registry: Registry,
        batcher: Batcher,
        limits: Limits,
        request_log: RequestLog,
        *,
        by_name: bool,
    ):
        """`by_name`: whether Classify and Regress look at a signature's method name."""
        self._registry, self._batcher, self._limits = registry, batcher, limits
        self._request_log, self._by_name = request_log, by_name

    async def predict(
        self,
        call: Call,
        spec: model_pb2.ModelSpec,
        read: ReadInputs,
        chosen: Iterable[str] = (),
        *,
        threads: Executor | None = None,
    ) -> Prediction:
        """The outputs named in `chosen`, all where it is empty; `read` runs in `threads` if given.

        Raises:
            ServingError: the request or the image is at fault, or the server is too busy.
        """
        with self._registry.choose(spec) as version:
            signature = _started(call, version).signature(spec.signature_name)
            call.signature = signature.name
            wanted = signature.chosen_outputs(chosen)
            inputs = await run_in(threads, read, signature)
            outputs = await self._run(call, version, signature, inputs)
            asked, spec = spec, answered_by(version.servable, signature.name)
            prediction = Prediction({name: outputs[name] for name in wanted}, spec)
            if logging := self._logging(spec.name):
                size = size_of(inputs, prediction.outputs)
                given = (asked, inputs, tuple(chosen), prediction.outputs)
                self._request_log.offer(logging, spec, size, predict_log, *given)
            return prediction

    async def classify(
        self, call: Call, spec: model_pb2.ModelSpec, given: input_pb2.Input
    ) -> classification_pb2.ClassificationResponse:
        """The classes of each tf.Example. Raises ServingError."""
        (answer,) = await self._infer(call, spec, [(spec.signature_name, CLASSIFY)], given)
        response = classification_pb2.ClassificationResponse(
            model_spec=answer.model_spec, result=answer.classification_result
        )
        request = partial(classification_pb2.ClassificationRequest, model_spec=spec, input=given)
        self._offer("classify_log", answer.model_spec, given, request, response)
        return response

    async def regress(
        self, call: Call, spec: model_pb2.ModelSpec, given: input_pb2.Input
    ) -> regression_pb2.RegressionResponse:
        """The number of each tf.Example. Raises ServingError."""
        (answer,) = await self._infer(call, spec, [(spec.signature_name, REGRESS)], given)
        response = regression_pb2.RegressionResponse(
            model_spec=answer.model_spec, result=answer.regression_result
        )
        request = partial(regression_pb2.RegressionRequest, model_spec=spec, input=given)
        self._offer("regress_log", answer.model_spec, given, request, response)
        return response

    async def multi_inference(
        self, call: Call, request: inference_pb2.MultiInferenceRequest
    ) -> inference_pb2.MultiInferenceResponse:
        """Several signatures of one model on the same tf.Examples. Raises ServingError."""
        if not request.tasks:
            raise invalid("tasks: expected at least one")
        first = request.tasks[0].model_spec
        if any(task.model_spec.name != first.name for task in request.tasks):
            raise invalid("tasks: expected one model for all of them")
        for task in request.tasks:
            if task.method_name not in (CLASSIFY, REGRESS):
                message = f"method_name {task.method_name[:60]!r}; expected {CLASSIFY} or {REGRESS}"
                raise ServingError(grpc.StatusCode.UNIMPLEMENTED, message)
        tasks = [(task.model_spec.signature_name, task.method_name) for task in request.tasks]
        results = await self._infer(call, first, tasks, request.input)
        response = inference_pb2.MultiInferenceResponse(results=results)
        self._offer("multi_inference_log", results[0].model_spec, request, lambda: request, response)
        return response

    def _offer(
        self,
        kind: str,
        answered: model_pb2.ModelSpec,
        given: Message,
        request: Callable[[], Message],
        response: Message,
    ) -> None:
        """To the request log; `request` makes what is logged of `given`."""
        if logging := self._logging(answered.name):
            size = given.ByteSize() + response.ByteSize()
            self._request_log.offer(logging, answered, size, partial(infer_log, kind), request, response)

    def _logging(self, model: str) -> Logging | None:
        """As the model is configured now; None where it is no longer served."""
        versions = self._registry.models.get(model)
        return versions and versions.config.logging

    async def _infer(
        self, call: Call, spec: model_pb2.ModelSpec, tasks: list[tuple[str, str]], given: input_pb2.Input
    ) -> list[inference_pb2.InferenceResult]:
        """An answer for each task, a signature's name and the method."""
        with self._registry.choose(spec) as version:
            servable = _started(call, version)
            found = []
            for name, method in tasks:
                signature = servable.signature(name, grpc.StatusCode.INVALID_ARGUMENT)
                examples.check_method(signature, method, by_name=self._by_name)
                found.append((signature, method))
            call.signature = found[0][0].name
            _check_tasks([signature for signature, _ in found])
            inputs = examples.serialized(given, self._limits)
            return [await self._task(call, version, *each, inputs) for each in found]

    async def _task(
        self, call: Call, version: Version, signature: Signature, method: str, inputs: Arrays
    ) -> inference_pb2.InferenceResult:
        outputs = await self._run(call, version, signature, inputs)
        count = len(inputs[INPUTS])
        answer = inference_pb2.InferenceResult(model_spec=answered_by(version.servable, signature.name))
        if method == CLASSIFY:
            answer.classification_result.CopyFrom(examples.classifications(outputs, count))
        else:
            answer.regression_result.CopyFrom(examples.regressions(outputs, count))
        return answer

    async def _run(self, call: Call, version: Version, signature: Signature, inputs: Arrays) -> Arrays:
        work = Work(version.servable, signature, inputs, call.deadline)
        call.items = work.items
        return await self._batcher.run(work)


def answered_by(servable: Servable, signature: str = "") -> model_pb2.ModelSpec:
    """The ModelSpec of an answer."""
    spec = model_pb2.ModelSpec(name=servable.name, signature_name=signature)
    spec.version.value = servable.version
    return spec


def _started(call: Call, version: Version) -> Servable:
    call.model, call.version = version.servable.name, version.number
    return version.servable


def _check_tasks(signatures: list[Signature]) -> None:
    names = [signature.name for signature in signatures]
    if len(set(names)) < len(names):
        raise invalid("tasks: a signature is asked for twice")
    if len({signature.inputs[INPUTS].tensor for signature in signatures}) > 1:
        raise invalid("tasks: their signatures do not share one input")
