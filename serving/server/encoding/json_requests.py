"""The body of a REST :predict to arrays, as TensorFlow Serving reads it.

Row format {"instances": [...]}, columnar {"inputs": ...}; strings plain or as {"b64": "..."}.
"""

import base64
import binascii
import json
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from serving.server.encoding.signature import Signature, Spec, shorten
from serving.server.encoding.tensors import Limits, check_counts, check_shape, within
from serving.server.errors import invalid

B64 = "b64"
ROW, COLUMNAR = "instances", "inputs"
KINDS = {"b": "true or false", "i": "a whole number", "u": "a whole number", "f": "a number"}


@dataclass(frozen=True)
class JsonRequest:
    """A body that is a JSON object with `instances` or `inputs`."""

    signature_name: str
    is_row: bool
    value: object

    @classmethod
    def parse(cls, body: bytes, limits: Limits) -> "JsonRequest":
        """Raises INVALID_ARGUMENT."""
        document = parse_object(body, limits)
        name = document.get("signature_name", "")
        if not isinstance(name, str):
            raise invalid("signature_name: expected a string")
        given = [key for key in (ROW, COLUMNAR) if key in document]
        if len(given) != 1:
            raise invalid(f"expected one of the keys '{ROW}' and '{COLUMNAR}'; got {len(given)} of them")
        return cls(name, given[0] == ROW, document[given[0]])

    def read(self, signature: Signature, limits: Limits) -> dict[str, np.ndarray]:
        """The arrays of the inputs of `signature`. Raises INVALID_ARGUMENT, naming the item at fault."""
        values = self._rows(signature) if self.is_row else self._columns(signature)
        signature.check_inputs(values)
        arrays = {name: _array(name, value, signature.inputs[name], limits) for name, value in values.items()}
        check_counts(arrays, signature)
        return arrays

    def _columns(self, signature: Signature) -> dict[str, object]:
        if isinstance(self.value, dict) and not _is_b64(self.value):
            return self.value
        return {_only_input(signature, COLUMNAR): self.value}

    def _rows(self, signature: Signature) -> dict[str, list]:
        rows = self.value
        if not isinstance(rows, list) or not rows:
            raise invalid(f"'{ROW}': expected a list of at least one")
        named = [isinstance(row, dict) and not _is_b64(row) for row in rows]
        if not any(named):
            return {_only_input(signature, ROW): rows}
        for number, row in enumerate(rows):
            if not named[number] or row.keys() != signature.inputs.keys():
                keys = ", ".join(sorted(signature.inputs))
                raise invalid(f"'{ROW}'[{number}]: expected an object with the keys {keys}")
        return {name: [row[name] for row in rows] for name in signature.inputs}


def parse_object(body: bytes, limits: Limits) -> dict:
    """The JSON object that `body` is. Raises INVALID_ARGUMENT."""
    # Counted first: Python's lists take 30 times as much memory as the brackets they are read from.
    if body.count(b",") > limits.elements or body.count(b"[") + body.count(b"{") > limits.elements // 3:
        raise invalid(f"the body has too many values; this server takes at most {limits.elements}")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise invalid(f"JSON Parse error: {reason}") from None
    if not isinstance(document, dict):
        raise invalid("the body: expected a JSON object")
    return document


def to_bytes(name: str, value: object) -> bytes:
    """A JSON string, or {"b64": "..."}, as bytes. Raises INVALID_ARGUMENT."""
    if isinstance(value, str):
        # A lone surrogate, which JSON can write and UTF-8 cannot, is no text that anyone means.
        return value.encode(errors="replace")
    if not _is_b64(value):
        raise invalid(f'{name}: expected a string or {{"{B64}": "..."}}')
    try:
        return base64.b64decode(value[B64], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"{name}: no base64: {error}") from None


def _array(name: str, value: object, spec: Spec, limits: Limits) -> np.ndarray:
    shape = _shape(value)
    check_shape(name, shape, spec, limits)
    if spec.dtype == tf.string:
        flat = _flat(name, value, shape)
        array = np.empty(len(flat), object)
        array[:] = [to_bytes(_place(name, shape, number), each) for number, each in enumerate(flat)]
        return array.reshape(shape)
    return _numbers(name, value, shape, spec)


def _shape(value: object) -> tuple[int, ...]:
    """Of nested lists, from the first element of each."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _flat(name: str, value: object, shape: tuple[int, ...]) -> list:
    if not shape:
        return [value]
    if not isinstance(value, list) or len(value) != shape[0]:
        raise invalid(f"{name}: expected a list of {shape[0]} at each place of this level")
    return [leaf for number, each in enumerate(value) for leaf in _flat(f"{name}[{number}]", each, shape[1:])]


def _place(name: str, shape: tuple[int, ...], number: int) -> str:
    return name + "".join(f"[{index}]" for index in np.unravel_index(number, shape)) if shape else name


def _numbers(name: str, value: object, shape: tuple[int, ...], spec: Spec) -> np.ndarray:
    try:
        array = np.array(value)
    except (ValueError, OverflowError):
        raise invalid(f"{name}: expected lists of the same length at each level") from None
    kind = spec.dtype.as_numpy_dtype
    wanted = np.dtype(kind).kind
    allowed = {"i": "iu", "u": "iu", "f": "iuf", "b": "b"}.get(wanted, "")
    if array.shape != shape or array.dtype.kind not in allowed:
        raise invalid(f"{name}: expected {KINDS.get(wanted, 'another type')} at each place")
    return within(name, array, kind)


def _only_input(signature: Signature, key: str) -> str:
    if len(signature.inputs) != 1:
        names = ", ".join(sorted(signature.inputs))
        raise invalid(f"'{key}': signature {shorten(signature.name)} takes {names}; expected these names")
    return next(iter(signature.inputs))


def _is_b64(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {B64} and isinstance(value[B64], str)
