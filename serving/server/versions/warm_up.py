"""Warm-up: the requests that a model brings along are answered before anyone else's.

The first pass of a session optimises its graph, which takes a second for net D. The file and its limit are
TensorFlow Serving's: assets.extra/tf_serving_warmup_requests, a TFRecord of PredictionLog, at most 1000.
"""

import os
from collections.abc import Iterator

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.encoding.tensors import Limits, read_inputs
from serving.server.errors import ServingError, invalid
from serving.server.versions.servable import Servable

WARM_UP = os.path.join("assets.extra", "tf_serving_warmup_requests")
MOST = 1000


def warm_up(servable: Servable, path: str, limits: Limits) -> int:
    """Answers the warm-up requests of the SavedModel in folder `path`; how many there were.

    Raises:
        ServingError: one has no answer, so the model is not to be served; the message numbers it.
    """
    number = 0
    for number, log in enumerate(_logs(path), start=1):
        try:
            _replay(servable, log, limits)
        except ServingError as error:
            raise ServingError(error.code, f"warm-up request {number}: {error.message}") from error
    return number


def _replay(servable: Servable, log: prediction_log_pb2.PredictionLog, limits: Limits) -> None:
    if log.WhichOneof("log_type") != "predict_log":
        raise invalid(f"is a {log.WhichOneof('log_type')}; expected predict_log")
    request = log.predict_log.request
    signature = servable.signature(request.model_spec.signature_name)
    inputs = read_inputs(request.inputs, signature, limits)
    servable.run(signature, inputs)


def _logs(path: str) -> Iterator[prediction_log_pb2.PredictionLog]:
    file = os.path.join(path, WARM_UP)
    if not tf.io.gfile.exists(file):
        return
    for number, record in enumerate(tf.compat.v1.io.tf_record_iterator(file), start=1):
        if number > MOST:
            raise invalid(f"{WARM_UP} has more than {MOST} requests")
        yield prediction_log_pb2.PredictionLog.FromString(record)
