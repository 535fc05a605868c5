"""Warm-up: the requests that a model brings along are answered before anyone else's.

The first pass of a session optimises its graph, which takes a second for net D. The file and its limit are
TensorFlow Serving's: assets.extra/tf_serving_warmup_requests, a TFRecord of PredictionLog, at most 1000.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.encoding.examples import serialized
from serving.server.encoding.tensors import Limits, read_inputs
from serving.server.errors import ServingError, invalid
from serving.server.versions.servable import Servable

WARM_UP = os.path.join("assets.extra", "tf_serving_warmup_requests")
MOST = 1000


@dataclass(frozen=True)
class WarmUp:
    """Answers a model's warm-up requests.

    Attributes:
        times: each of them; 0 for never.
    """

    limits: Limits
    times: int = 1

    def __call__(self, servable: Servable, path: str) -> int:
        """Answers those of the SavedModel in folder `path`; how many there were.

        Raises:
            ServingError: one has no answer, so the model is not to be served; the message numbers it.
        """
        number = 0
        for number, log in enumerate(_logs(path) if self.times else (), start=1):
            try:
                for _ in range(self.times):
                    self._replay(servable, log)
            except ServingError as error:
                raise ServingError(error.code, f"warm-up request {number}: {error.message}") from error
        return number

    def _replay(self, servable: Servable, log: prediction_log_pb2.PredictionLog) -> None:
        kind = log.WhichOneof("log_type")
        if kind == "predict_log":
            request = log.predict_log.request
            signature = servable.signature(request.model_spec.signature_name)
            servable.run(signature, read_inputs(request.inputs, signature, self.limits))
        elif kind in ("classify_log", "regress_log"):
            request = getattr(log, kind).request
            self._examples(servable, request.model_spec.signature_name, request.input)
        elif kind == "multi_inference_log":
            request = log.multi_inference_log.request
            for task in request.tasks:
                self._examples(servable, task.model_spec.signature_name, request.input)
        else:
            raise invalid(f"is a {kind}; expected one of Predict, Classify, Regress or MultiInference")

    def _examples(self, servable: Servable, name: str, given) -> None:
        signature = servable.signature(name)
        array = serialized(given, self.limits)
        signature.check_inputs(array)
        servable.run(signature, array)


def _logs(path: str) -> Iterator[prediction_log_pb2.PredictionLog]:
    file = os.path.join(path, WARM_UP)
    if not tf.io.gfile.exists(file):
        return
    for number, record in enumerate(tf.compat.v1.io.tf_record_iterator(file), start=1):
        if number > MOST:
            raise invalid(f"{WARM_UP} has more than {MOST} requests")
        yield prediction_log_pb2.PredictionLog.FromString(record)
