"""Predict, metadata and status by gRPC as TensorFlow Serving answers them, case by case."""

from collections.abc import Callable

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from helpers.serving.running_server import RunningServer, arrays
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2

INVALID, NOT_FOUND = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND
PRECONDITION, RANGE = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.OUT_OF_RANGE
X = tf.make_tensor_proto([1.0, 2.0, 5.0], tf.float32)


def spec(name: str = "half_plus_two", signature: str = "", **which) -> dict:
    return {"name": name, "signature_name": signature, **which}


def request(given: dict, inputs: dict, filtered: tuple = ()) -> predict_pb2.PredictRequest:
    made = predict_pb2.PredictRequest(output_filter=filtered)
    version = given.pop("version", None)
    made.model_spec.SetInParent()
    for name, value in given.items():
        setattr(made.model_spec, name, value)
    if version is not None:
        made.model_spec.version.value = version
    for name, proto in inputs.items():
        made.inputs[name].CopyFrom(proto)
    return made


def proto(dtype=tf.float32, shape=(), **fields) -> tensor_pb2.TensorProto:
    made = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum, **fields)
    for size in shape:
        made.tensor_shape.dim.add(size=size)
    return made


ANSWERS = [
    (spec(), {"x": X}, (), {"y": [2.5, 3.0, 4.5]}),
    (spec(signature="serving_default"), {"x": X}, ("y",), {"y": [2.5, 3.0, 4.5]}),
    (spec(version=123), {"x": X}, (), {"y": [2.5, 3.0, 4.5]}),
    (spec(version_label="stable"), {"x": X}, (), {"y": [2.5, 3.0, 4.5]}),
    (spec(version_label="ca na/ry"), {"x": X}, (), {"y": [2.5, 3.0, 4.5]}),
    (spec("half_plus_three", "narrow"), {"x": X}, (), {"y": [3.5, 4.0, 5.5]}),
    (spec(), {"x": tf.make_tensor_proto(2.0)}, (), {"y": 3.0}),
    (spec(), {"x": tf.make_tensor_proto([[1.0]])}, (), {"y": [[2.5]]}),
    (spec(), {"x": proto(shape=(0,))}, (), {"y": []}),
    (spec(), {"x": proto(shape=(2, 0, 3))}, (), {"y": np.zeros((2, 0, 3))}),
    (spec(), {"x": proto(shape=(3,), float_val=[1.0])}, (), {"y": [2.5] * 3}),
    (spec(), {"x": proto(shape=(3,), float_val=[1.0, 2.0])}, (), {"y": [2.5, 3.0, 3.0]}),
    (spec(), {"x": proto(shape=(2,))}, (), {"y": [2.0, 2.0]}),
    (spec(), {"x": tf.make_tensor_proto([0.0] * 65)}, (), {"y": [2.0] * 65}),
    (spec("toys", "rows"), {"x": tf.make_tensor_proto([0.0] * 20)}, (), {"count": [20] * 20}),
    (spec("toys", "greeting"), {"name": tf.make_tensor_proto("you")}, (), {"text": b"hello you"}),
    (spec("toys", "scalar"), {"x": tf.make_tensor_proto(2.5)}, (), {"y": 5.0}),
    (spec("toys", "pair"), {"a": X, "b": X}, ("z",), {"z": [1.0, 4.0, 25.0]}),
    (
        spec("toys", "lengths"),
        {"a": tf.make_tensor_proto([1.0]), "b": X},
        (),
        {"y": [2.0], "z": [2.0, 4.0, 10.0]},
    ),
    (spec("toys", "same_string"), {"x": proto(tf.string, (2,), string_val=[b"a"])}, (), {"y": [b"a", b"a"]}),
    (spec("toys", "same_string"), {"x": proto(tf.string, (2,))}, (), {"y": [b"", b""]}),
    (
        spec("toys", "same_string"),
        {"x": tf.make_tensor_proto([[b"\xff"] * 300])},
        (),
        {"y": [[b"\xff"] * 300]},
    ),
]

REFUSALS = [
    ({}, {"x": X}, (), INVALID, "name of a model"),
    (spec(""), {"x": X}, (), INVALID, "name of a model"),
    (spec("none"), {"x": X}, (), NOT_FOUND, "no model 'none'"),
    (spec(version=99), {"x": X}, (), NOT_FOUND, "no version 99"),
    (spec(version=-1), {"x": X}, (), NOT_FOUND, "no version -1"),
    (spec(version_label="none"), {"x": X}, (), INVALID, "no version label 'none'"),
    (spec("half_plus_three", version_label="stable"), {"x": X}, (), INVALID, "no version label"),
    (spec(signature="none"), {"x": X}, (), PRECONDITION, "no signature 'none'"),
    (spec(), {}, (), INVALID, "input x is missing"),
    (spec(), {"y": X}, (), INVALID, "input x is missing"),
    (spec(), {"x": X, "y": X}, (), INVALID, "no input 'y'"),
    (spec(), {"x": X}, ("z",), INVALID, "no output 'z'"),
    (spec(), {"x": X}, ("y", "y"), INVALID, "asked for twice"),
    (spec(), {"x": tf.make_tensor_proto([1, 2])}, (), INVALID, "dtype int32; expected float32"),
    (spec(), {"x": tf.make_tensor_proto(["1"])}, (), INVALID, "dtype string; expected float32"),
    (spec(), {"x": tensor_pb2.TensorProto()}, (), INVALID, "dtype"),
    (spec(), {"x": proto(shape=(-1,))}, (), INVALID, "negative"),
    (spec(), {"x": proto(shape=(2,), float_val=[1.0] * 3)}, (), INVALID, "3 values"),
    (spec(), {"x": proto(shape=(2,), tensor_content=b"abc")}, (), INVALID, "3 bytes of content"),
    (spec(), {"x": proto(shape=(10**6, 10**6))}, (), INVALID, "this server takes at most"),
    (
        spec("toys", "pair"),
        {"a": tf.make_tensor_proto([1.0, 2.0]), "b": X},
        (),
        INVALID,
        "Incompatible shapes",
    ),
    (spec("toys", "asserts"), {"x": tf.make_tensor_proto([-1.0])}, (), INVALID, "x: not above zero"),
    (spec("toys", "decoded"), {"x": tf.make_tensor_proto([b"abc"])}, (), INVALID, "length"),
    (spec("toys", "untrue"), {"x": tf.make_tensor_proto([[1.0]])}, (), None, ""),
]


@pytest.mark.parametrize(("given", "inputs", "filtered", "expected"), ANSWERS, ids=range(len(ANSWERS)))
def test_answers(toy_server, given, inputs, filtered, expected):
    response = toy_server.shared_prediction.Predict(request(dict(given), inputs, filtered), timeout=30)
    found = arrays(response)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], np.array(values, found[name].dtype))
        assert found[name].shape == np.shape(values)
    assert response.model_spec.signature_name == given.get("signature_name") or "serving_default"
    assert response.model_spec.version.value > 0


@pytest.mark.parametrize(("given", "inputs", "filtered", "code", "said"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals(toy_server, given, inputs, filtered, code, said):
    made = request(dict(given), inputs, filtered)
    if code is None:  # the declared shape is not what the graph asks for
        toy_server.shared_prediction.Predict(made, timeout=30)
        return
    assert said in refused(toy_server.shared_prediction.Predict, made, code)


def refused(method: Callable, made, code: grpc.StatusCode) -> str:
    with pytest.raises(grpc.RpcError) as error:
        method(made, timeout=30)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


def test_dimensions_beyond_numpys_are_refused(toy_server):
    deep = proto(shape=[1] * 33, float_val=[1.0])
    assert "33 dimensions" in refused(
        toy_server.shared_prediction.Predict, request(spec(), {"x": deep}), INVALID
    )
    for depth in (33, 200):
        body = "[" * depth + "1" + "]" * depth
        for signature in ("same_float32", "same_string"):
            content = f'{{"signature_name": "{signature}", "inputs": {body}}}'
            assert toy_server.shared_rest.post("/v1/models/toys:predict", content=content).status_code == 400


METADATA = [
    ({"name": "half_plus_two"}, ["signature_def"], None, ""),
    ({"name": "half_plus_two", "version_label": "stable"}, ["signature_def"], None, ""),
    ({}, ["signature_def"], INVALID, "name of a model"),
    ({"name": "none"}, ["signature_def"], NOT_FOUND, "no model"),
    ({"name": "half_plus_two"}, [], INVALID, "metadata_field"),
    ({"name": "half_plus_two"}, ["signature_def", "more"], INVALID, "metadata_field"),
    ({"name": "half_plus_two", "version_label": "none"}, ["signature_def"], INVALID, "label"),
]


@pytest.mark.parametrize(("given", "fields", "code", "said"), METADATA)
def test_metadata(toy_server, given, fields, code, said):
    made = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields, model_spec=given)
    if code:
        assert said in refused(toy_server.shared_prediction.GetModelMetadata, made, code)
        return
    answer = toy_server.shared_prediction.GetModelMetadata(made, timeout=30)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.metadata["signature_def"].Unpack(signatures)
    assert answer.model_spec.version.value == (123 if "version_label" in given else 124)
    assert signatures.signature_def["classify_x_to_y"].method_name == "tensorflow/serving/classify"


STATUS = [
    ({"name": "half_plus_two"}, [124, 123]),
    ({"name": "half_plus_two", "version": {"value": 123}}, [123]),
    ({"name": "half_plus_two", "version_label": "stable"}, [123]),
    ({"name": "half_plus_two", "version": {"value": 5}}, NOT_FOUND),
    ({"name": "half_plus_two", "version_label": "none"}, INVALID),
    ({"name": "none"}, NOT_FOUND),
    ({}, INVALID),
]


@pytest.mark.parametrize(("given", "expected"), STATUS)
def test_status(toy_server: RunningServer, given, expected):
    made = get_model_status_pb2.GetModelStatusRequest(model_spec=given)
    if isinstance(expected, grpc.StatusCode):
        refused(toy_server.model.GetModelStatus, made, expected)
        return
    found = toy_server.model.GetModelStatus(made, timeout=30).model_version_status
    assert [each.version for each in found] == expected
    assert {each.state for each in found} == {30}


@pytest.mark.parametrize("service", ["", "PredictionService", "ModelService"])
def test_health_by_tensorflow_servings_names(toy_server, service):
    health = health_pb2_grpc.HealthStub(toy_server.channel())
    status = health.Check(health_pb2.HealthCheckRequest(service=service)).status
    assert status == health_pb2.HealthCheckResponse.SERVING
