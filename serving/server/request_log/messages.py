"""PredictionLogs, which TensorFlow Serving's request logger writes and its warm-up reads."""

import time
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from google.protobuf.message import Message
from tensorflow_serving.apis import logging_pb2, model_pb2, prediction_log_pb2

from serving.server.encoding.tensors import to_proto

Arrays = Mapping[str, np.ndarray]


def metadata_of(answered: model_pb2.ModelSpec, rate: float, tags: Iterable[str]) -> logging_pb2.LogMetadata:
    """What TensorFlow Serving writes of each log: who answered, how it was sampled, when."""
    metadata = logging_pb2.LogMetadata(
        model_spec=answered, saved_model_tags=tags, timestamp_secs=int(time.time())
    )
    metadata.sampling_config.sampling_rate = rate
    return metadata


def predict_log(
    metadata: logging_pb2.LogMetadata,
    asked: model_pb2.ModelSpec,
    inputs: Arrays,
    chosen: Iterable[str],
    outputs: Arrays,
) -> prediction_log_pb2.PredictionLog:
    """Of Predict, whichever protocol it came by.

    Args:
        metadata: metadata_of's.
        asked: the request's ModelSpec.
        inputs: by name, as the signature took them.
        chosen: the outputs that were asked for, none for all.
        outputs: by name, as they were answered.
    """
    log = prediction_log_pb2.PredictionLog(log_metadata=metadata)
    request, response = log.predict_log.request, log.predict_log.response
    request.model_spec.CopyFrom(asked)
    request.output_filter.extend(chosen)
    response.model_spec.CopyFrom(metadata.model_spec)
    for messages, arrays in ((request.inputs, inputs), (response.outputs, outputs)):
        for name, array in arrays.items():
            messages[name].CopyFrom(to_proto(array))
    return log


def infer_log(
    kind: str, metadata: logging_pb2.LogMetadata, request: Callable[[], Message], response: Message
) -> prediction_log_pb2.PredictionLog:
    """Of Classify, Regress or MultiInference; `kind` is the log's field, such as classify_log, and `request`
    makes the request."""
    log = prediction_log_pb2.PredictionLog(log_metadata=metadata)
    getattr(log, kind).request.CopyFrom(request())
    getattr(log, kind).response.CopyFrom(response)
    return log


def size_of(*several: Arrays) -> int:
    """Bytes of arrays, of strings their own."""
    return sum(
        sum(map(len, array.ravel().tolist())) if array.dtype == object else array.nbytes
        for arrays in several
        for array in arrays.values()
    )
