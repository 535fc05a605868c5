"""Arrays to the body of a REST answer, as TensorFlow Serving writes it.

Row format {"predictions": [...]}, columnar {"outputs": ...}. A single output stands for itself, without
its name. Strings of outputs named *_bytes are {"b64": "..."}, and so are others that are no UTF-8. A
floating-point number is the shortest text that names it in its own type. NaN and Infinity are written as
such, which is no JSON but what TensorFlow Serving does.
"""

import base64
import json
import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, regression_pb2

from serving.server.errors import invalid

BYTES = "_bytes"
AT_ONCE = 20_000
"""Numbers written in one go: that holds the interpreter for so long, and other requests wait."""

NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def row_body(outputs: Mapping[str, np.ndarray]) -> bytes:
    """An object for each item. Raises INVALID_ARGUMENT where outputs differ in their number of items."""
    counts = {array.shape[0] if array.ndim else None for array in outputs.values()}
    if len(counts) != 1 or None in counts:
        raise invalid("the outputs have no common number of items; ask with 'inputs' in place of 'instances'")
    if len(outputs) == 1:
        return _body("predictions", _object({name: _text(name, array) for name, array in outputs.items()}))
    (count,) = counts
    rows = (
        _object({name: _text(name, _item(array, number)) for name, array in outputs.items()})
        for number in range(count)
    )
    return _body("predictions", f"[{', '.join(rows)}]")


def columnar_body(outputs: Mapping[str, np.ndarray]) -> bytes:
    """An array for each output. Raises INVALID_ARGUMENT for a dtype that JSON has no form for."""
    return _body("outputs", _object({name: _text(name, array) for name, array in outputs.items()}))


def classify_body(result: classification_pb2.ClassificationResult) -> bytes:
    """A list of [label, score] for each example."""
    rows = (
        ", ".join(f"[{_json(each.label)}, {_number(each.score)}]" for each in row.classes)
        for row in result.classifications
    )
    return _body("results", f"[{', '.join(f'[{row}]' for row in rows)}]")


def regress_body(result: regression_pb2.RegressionResult) -> bytes:
    """A number for each example."""
    return _body("results", f"[{', '.join(_number(each.value) for each in result.regressions)}]")


def _body(key: str, text: str) -> bytes:
    return f'{{"{key}": {text}}}'.encode()


def _object(texts: Mapping[str, str]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "{" + ", ".join(f"{_json(name)}: {text}" for name, text in texts.items()) + "}"


def _item(array: np.ndarray, number: int) -> np.ndarray:
    """An array too where it is a single number or string."""
    return array[number : number + 1].reshape(array.shape[1:])


def _text(name: str, array: np.ndarray) -> str:
    if array.ndim and array.size > AT_ONCE:
        if array.ndim > 1:
            parts = (_text(name, part) for part in array)
        else:
            starts = range(0, len(array), AT_ONCE)
            parts = (", ".join(_leaves(name, array[start : start + AT_ONCE])) for start in starts)
        return f"[{', '.join(parts)}]"
    return _nested(_leaves(name, array), array.shape)


def _nested(leaves: list[str], shape: tuple[int, ...]) -> str:
    """Texts of elements as lists within lists."""
    for level in reversed(range(len(shape))):
        size, lists = shape[level], math.prod(shape[:level])
        starts = (size * number for number in range(lists))
        leaves = [f"[{', '.join(leaves[start : start + size])}]" for start in starts]
    return leaves[0]


def _leaves(name: str, array: np.ndarray) -> list[str]:
    if array.dtype == object:
        return [_string(name, each) for each in array.ravel().tolist()]
    return _numbers(name, array)


def _numbers(name: str, array: np.ndarray) -> list[str]:
    flat = array.ravel()
    if flat.dtype.kind == "b":
        return ["true" if each else "false" for each in flat.tolist()]
    if flat.dtype.kind in "iu":
        return list(map(str, flat.tolist()))
    if flat.dtype == tf.bfloat16.as_numpy_dtype:
        flat = flat.astype(np.float32)
    if flat.dtype.kind != "f":
        raise invalid(f"output {name}: {tf.as_dtype(array.dtype).name} has no form in JSON; use gRPC")
    texts = flat.astype(str).tolist()
    return texts if np.isfinite(flat).all() else [NOT_FINITE.get(text, text) for text in texts]


def _number(value: float) -> str:
    return _numbers("", np.array([value], np.float32))[0]


def _string(name: str, value: bytes) -> str:
    if not name.endswith(BYTES):
        try:
            return _json(value.decode())
        except UnicodeDecodeError:
            pass
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
