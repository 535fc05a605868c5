"""Arrays to the body of a REST answer, as TensorFlow Serving writes it.

Row format {"predictions": [...]}, columnar {"outputs": ...}. A single output stands for itself, without its
name. Strings of outputs named *_bytes are {"b64": "..."}, and so are others that are no UTF-8; NaN and
Infinity are written as such, which is no JSON but what TensorFlow Serving does.
"""

import base64
import json
from collections.abc import Mapping

import numpy as np

from serving.server.errors import invalid

BYTES = "_bytes"
AT_ONCE = 20_000
"""Numbers written in one go: json holds the interpreter for so long, and other requests wait."""


def row_body(outputs: Mapping[str, np.ndarray]) -> bytes:
    """An object for each item. Raises INVALID_ARGUMENT where outputs differ in their number of items."""
    counts = {array.shape[0] if array.ndim else None for array in outputs.values()}
    if len(counts) != 1 or None in counts:
        raise invalid("the outputs have no common number of items; ask with 'inputs' in place of 'instances'")
    (count,) = counts
    rows = (
        _object({name: _text(name, array[number]) for name, array in outputs.items()})
        for number in range(count)
    )
    return _body("predictions", f"[{', '.join(rows)}]")


def columnar_body(outputs: Mapping[str, np.ndarray]) -> bytes:
    """An array for each output."""
    return _body("outputs", _object({name: _text(name, array) for name, array in outputs.items()}))


def _body(key: str, text: str) -> bytes:
    return f'{{"{key}": {text}}}'.encode()


def _object(texts: Mapping[str, str]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in texts.items()) + "}"


def _text(name: str, array: np.ndarray) -> str:
    if isinstance(array, np.ndarray) and array.ndim and array.size > AT_ONCE:
        return f"[{', '.join(_text(name, part) for part in array)}]"
    return json.dumps(_plain(name, array), ensure_ascii=False)


def _plain(name: str, array: np.ndarray | bytes) -> object:
    if isinstance(array, bytes):
        return _string(name, array)
    if array.dtype != object:
        return array.tolist()
    return _strings(name, array.tolist())


def _strings(name: str, value: list | bytes) -> object:
    return [_strings(name, each) for each in value] if isinstance(value, list) else _string(name, value)


def _string(name: str, value: bytes) -> object:
    if not name.endswith(BYTES):
        try:
            return value.decode()
        except UnicodeDecodeError:
            pass
    return {"b64": base64.b64encode(value).decode()}
