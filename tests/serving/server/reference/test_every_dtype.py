"""No valid request fails: every dtype, of no to four dimensions, by both protocols, in both forms of JSON."""

import base64
import json
import math
import random

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.running_server import PATIENCE, RunningServer
from helpers.serving.toy_models import DTYPES
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

SHAPES = [(), (1,), (3,), (0,), (2, 3), (0, 3), (2, 0), (1, 2, 3), (2, 1, 1, 2), (2, 0, 2, 1)]
IN_JSON = [dtype for dtype in DTYPES if dtype.name[0] not in "cq"]
DRAWS = 12
"""Shapes and values drawn for each dtype, besides SHAPES."""


def counted(dtype: tf.DType, shape: tuple[int, ...]) -> np.ndarray:
    """0, 1, 2, ..."""
    count = math.prod(shape)
    if dtype == tf.string:
        return objects([b"%d" % number for number in range(count)], shape)
    numbers = np.arange(count) % 2 if dtype == tf.bool else np.arange(count)
    plain = numbers.astype(plain_type(dtype))
    if plain.dtype.kind == "c":
        plain = (plain * (1 - 2j)).astype(plain.dtype)
    return plain.view(dtype.as_numpy_dtype).reshape(shape)


def drawn(source: random.Random, dtype: tf.DType, shape: tuple[int, ...]) -> np.ndarray:
    """Any bits: the largest numbers, the smallest, NaN, bytes that are no text."""
    count = math.prod(shape)
    if dtype == tf.string:
        return objects([source.randbytes(source.randrange(6)) for _ in range(count)], shape)
    plain = plain_type(dtype)
    if dtype == tf.bool:
        return np.array([source.random() < 0.5 for _ in range(count)], bool).reshape(shape)
    array = np.frombuffer(source.randbytes(count * plain.itemsize), plain).copy()
    if plain.kind not in "iu":
        with np.errstate(invalid="ignore"):
            array[np.isnan(array)] = np.nan  # of many NaN the one that has a name
        if count:
            array[source.randrange(count)] = source.choice([np.inf, -np.inf, np.nan, 0.0])
    return array.view(dtype.as_numpy_dtype).reshape(shape)


def plain_type(dtype: tf.DType) -> np.dtype:
    """Of quantized numbers the integers that they are kept as."""
    kind = np.dtype(dtype.as_numpy_dtype)
    return kind[0] if kind.names else kind


def objects(values: list[bytes], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape)


def cases(dtype: tf.DType) -> list[np.ndarray]:
    source = random.Random(dtype.name)
    shapes = [tuple(source.randrange(4) for _ in range(number % 5)) for number in range(DRAWS)]
    return [counted(dtype, shape) for shape in SHAPES] + [drawn(source, dtype, shape) for shape in shapes]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_by_grpc(toy_server, dtype):
    """As the typed field and, but for strings, as bytes."""
    for array in cases(dtype):
        for proto in in_both_encodings(dtype, array):
            made = predict_pb2.PredictRequest(
                model_spec={"name": "toys", "signature_name": f"same_{dtype.name}"}, inputs={"x": proto}
            )
            answer = toy_server.shared_prediction.Predict(made, timeout=PATIENCE).outputs["y"]
            assert answer.dtype == dtype.as_datatype_enum
            assert [each.size for each in answer.tensor_shape.dim] == list(array.shape)
            if dtype.is_quantized:
                assert list(answer.int_val) == array.view(array.dtype[0]).ravel().tolist()
            else:
                assert_same(tf.make_ndarray(answer), array)


def in_both_encodings(dtype: tf.DType, array: np.ndarray) -> list[tensor_pb2.TensorProto]:
    shape = {"dim": [{"size": size} for size in array.shape]}
    known = {"dtype": dtype.as_datatype_enum, "tensor_shape": shape}
    typed = tensor_pb2.TensorProto(**known, **typed_field(dtype, array.ravel()))
    if dtype == tf.string:
        return [typed]
    return [typed, tensor_pb2.TensorProto(**known, tensor_content=array.tobytes())]


def typed_field(dtype: tf.DType, flat: np.ndarray) -> dict[str, list]:
    """What tensor.proto says about where the values of a dtype are."""
    if dtype in (tf.float16, tf.bfloat16):
        return {"half_val": flat.view(np.uint16).tolist()}
    if dtype == tf.complex64:
        return {"scomplex_val": flat.view(np.float32).tolist()}
    if dtype == tf.complex128:
        return {"dcomplex_val": flat.view(np.float64).tolist()}
    own = {tf.string: "string", tf.float32: "float", tf.float64: "double", tf.bool: "bool"}
    own |= {tf.int64: "int64", tf.uint32: "uint32", tf.uint64: "uint64"}
    return {f"{own.get(dtype, 'int')}_val": flat.view(plain_type(dtype)).tolist()}


@pytest.mark.parametrize("dtype", IN_JSON, ids=lambda dtype: dtype.name)
def test_by_rest(toy_server, dtype):
    """By columns and by rows, with the input's name and without."""
    for array in cases(dtype):
        document = as_json(dtype, array)
        for body in ({"inputs": document}, {"inputs": {"x": document}}):
            check(answered(toy_server, dtype, body)["outputs"], dtype, array)
        if not array.ndim:
            continue
        for rows in (document, [{"x": row} for row in document]):
            if len(array):
                check(answered(toy_server, dtype, {"instances": rows})["predictions"], dtype, array)
            else:
                assert "at least one" in answered(toy_server, dtype, {"instances": rows}, 400)["error"]


def as_json(dtype: tf.DType, array: np.ndarray):
    if dtype == tf.string:
        leaves = [{"b64": base64.b64encode(each).decode()} for each in array.ravel()]
        return objects(leaves, array.shape).tolist()
    return array.astype(np.float64).tolist() if dtype.is_floating else array.tolist()


def answered(server: RunningServer, dtype: tf.DType, body: dict, status: int = 200) -> dict:
    content = json.dumps({"signature_name": f"same_{dtype.name}", **body})
    answer = server.shared_rest.post("/v1/models/toys:predict", content=content.encode())
    assert answer.status_code == status, answer.text
    return answer.json()


def check(found, dtype: tf.DType, array: np.ndarray) -> None:
    """Lists as deep and as long, and the same values in the dtype itself."""
    leaves = [found]
    for axis, size in enumerate(array.shape):
        assert len(leaves) == math.prod(array.shape[:axis])
        assert all(isinstance(each, list) and len(each) == size for each in leaves)
        leaves = [value for each in leaves for value in each]
    assert not any(isinstance(each, list) for each in leaves)
    if dtype == tf.string:
        assert [as_bytes(each) for each in leaves] == array.ravel().tolist()
    else:
        kind = dtype.as_numpy_dtype
        given = np.array(leaves, np.float64).astype(kind) if dtype.is_floating else np.array(leaves, kind)
        assert_same(given, array.ravel())


def assert_same(found: np.ndarray, array: np.ndarray) -> None:
    assert found.dtype == array.dtype
    if array.dtype == tf.bfloat16.as_numpy_dtype:  # of which NumPy's testing does not know NaN
        found, array = found.astype(np.float32), array.astype(np.float32)
    np.testing.assert_array_equal(found, array)


def as_bytes(value: str | dict) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])


@pytest.mark.parametrize("key", ["inputs", "instances"])
def test_what_json_has_no_form_for_is_refused(toy_server, key):
    for signature, status in (("same_complex64", 501), ("same_qint8", 501), ("to_complex64", 400)):
        content = json.dumps({"signature_name": signature, key: [1.0]})
        answer = toy_server.shared_rest.post("/v1/models/toys:predict", content=content)
        assert answer.status_code == status, answer.text
