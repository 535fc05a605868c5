"""Requests, and the refusals that they get."""

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    predict_pb2,
)

from helpers.serving.running_server import picture

INVALID = grpc.StatusCode.INVALID_ARGUMENT
GOOD = picture(1)


def refused(method, request, code: grpc.StatusCode = INVALID) -> str:
    """The message with which a request is refused."""
    with pytest.raises(grpc.RpcError) as error:
        method(request, timeout=30)
    assert error.value.code() == code, error.value.details()
    assert "\n" not in error.value.details()
    return error.value.details()


def with_tensor(proto, name: str = "image_bytes", signature: str = "") -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "vgg"
    request.model_spec.signature_name = signature
    request.inputs[name].CopyFrom(proto)
    return request


def strings(*values: bytes, shape=None):
    return tf.make_tensor_proto(list(values), tf.string, shape or [len(values)])
