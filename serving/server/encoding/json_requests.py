"""The body of a REST :predict to arrays, as TensorFlow Serving reads it.

Row format {"instances": [...]}, columnar {"inputs": ...}; strings plain or as {"b64": "..."}.
"""

from dataclasses import dataclass
from itertools import chain

import grpc
import numpy as np
import tensorflow as tf

from serving.server.encoding.base64_values import is_b64, to_bytes
from serving.server.encoding.json_documents import Document, check_range, parse
from serving.server.encoding.signature import Signature, Spec, shorten
from serving.server.encoding.tensors import Limits, check_shape, within
from serving.server.errors import ServingError, invalid

ROW, COLUMNAR = "instances", "inputs"
KINDS = {"b": "true or false", "i": "a whole number", "u": "a whole number", "f": "a number"}
HALVES = (tf.float16, tf.bfloat16)


@dataclass(frozen=True)
class JsonRequest:
    """A body that is a JSON object with `instances` or `inputs`."""

    document: Document
    signature_name: str
    is_row: bool
    value: object

    @classmethod
    def parse(cls, body: bytes, limits: Limits) -> "JsonRequest":
        """Raises INVALID_ARGUMENT."""
        document = parse(body, limits)
        given = [key for key in (ROW, COLUMNAR) if key in document.values]
        if len(given) != 1:
            raise invalid(f"expected one of the keys '{ROW}' and '{COLUMNAR}'; got {len(given)} of them")
        return cls(document, document.signature_name, given[0] == ROW, document.values[given[0]])

    def read(self, signature: Signature, limits: Limits) -> dict[str, np.ndarray]:
        """The arrays of the inputs of `signature`.

        Raises:
            ServingError: INVALID_ARGUMENT, naming the item at fault; UNIMPLEMENTED for a dtype that JSON has
                no form for.
        """
        values = self._rows(signature) if self.is_row else self._columns(signature)
        return {
            name: self._array(name, value, signature.inputs[name], limits) for name, value in values.items()
        }

    def _columns(self, signature: Signature) -> dict[str, object]:
        if not isinstance(self.value, dict) or is_b64(self.value):
            return {_only_input(signature, COLUMNAR): self.value}
        signature.check_inputs(self.value.keys() & signature.inputs.keys())
        return {name: self.value[name] for name in signature.inputs}

    def _rows(self, signature: Signature) -> dict[str, list]:
        rows = self.value
        if not isinstance(rows, list) or not rows:
            raise invalid(f"'{ROW}': expected a list of at least one")
        named = [isinstance(row, dict) and not is_b64(row) for row in rows]
        if not any(named):
            return {_only_input(signature, ROW): rows}
        for number, row in enumerate(rows):
            if not named[number] or row.keys() != signature.inputs.keys():
                keys = ", ".join(sorted(signature.inputs))
                raise invalid(f"'{ROW}'[{number}]: expected an object with the keys {keys}")
        return {name: [row[name] for row in rows] for name in signature.inputs}

    def _array(self, name: str, value: object, spec: Spec, limits: Limits) -> np.ndarray:
        shape = _shape(value)
        check_shape(name, shape, limits)
        if spec.dtype != tf.string:
            return self._numbers(name, value, shape, spec.dtype)
        flat = _flat(name, value, shape)
        array = np.empty(len(flat), object)
        array[:] = [to_bytes(_place(name, shape, number), each) for number, each in enumerate(flat)]
        return array.reshape(shape)

    def _numbers(self, name: str, value: object, shape: tuple[int, ...], dtype: tf.DType) -> np.ndarray:
        wanted = "f" if dtype in HALVES else np.dtype(dtype.as_numpy_dtype).kind
        if wanted not in KINDS:
            message = f"{name}: {dtype.name} has no form in JSON; use gRPC"
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, message)
        array = _as_array(name, value, wanted)
        fits = array.shape == shape and array.dtype.kind in {"f": "iuf", "b": "b"}.get(wanted, "iu")
        if array.size and (not fits or (wanted != "b" and self._has_booleans(array, value, shape))):
            raise invalid(f"{name}: expected {KINDS[wanted]} at each place")
        kind = np.dtype(dtype.as_numpy_dtype)
        if wanted != "f":
            return within(name, array, kind)
        return self._floats(name, array, kind)

    def _floats(self, name: str, array: np.ndarray, kind: np.dtype) -> np.ndarray:
        check_range(name, array, self.document)
        with np.errstate(over="ignore"):
            converted = array.astype(kind)
        if converted.size and np.count_nonzero(np.isinf(converted)) > np.count_nonzero(np.isinf(array)):
            raise invalid(f"{name}: a number is too large for {kind}")
        return converted

    def _has_booleans(self, array: np.ndarray, value: object, shape: tuple[int, ...]) -> bool:
        """NumPy takes true among numbers for 1."""
        if not self.document.may_have_booleans:
            return False
        leaves = [value]
        for _ in shape:
            leaves = chain.from_iterable(leaves)
        return any(isinstance(leaf, bool) for leaf in leaves)


def _as_array(name: str, value: object, wanted: str) -> np.ndarray:
    try:
        array = np.array(value)
        if wanted == "f" and array.dtype == object and _are_numbers(array):
            # Whole numbers beyond 64 bits are floating-point numbers in JSON.
            return array.astype(np.float64)
        if wanted in "iu" and array.dtype.kind in "fO" and _are_whole(exact := np.array(value, object)):
            return _whole(name, exact)
    except (ValueError, OverflowError):
        raise invalid(f"{name}: expected numbers, and lists of the same length at each level") from None
    return array


def _are_numbers(array: np.ndarray) -> bool:
    return all(isinstance(each, int | float) for each in array.ravel().tolist())


def _are_whole(array: np.ndarray) -> bool:
    return array.size > 0 and all(isinstance(each, int) for each in array.ravel().tolist())


def _whole(name: str, exact: np.ndarray) -> np.ndarray:
    """Numbers from 2**63 on beside smaller ones, for which NumPy takes floating-point ones, and rounds."""
    if exact.min() < 0 or exact.max() >= 2**64:
        raise invalid(f"{name}: a value is not in {-(2**63)}..{2**63 - 1}, nor in 0..{2**64 - 1}")
    return exact.astype(np.uint64)


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


def _only_input(signature: Signature, key: str) -> str:
    if len(signature.inputs) != 1:
        names = ", ".join(sorted(signature.inputs))
        raise invalid(f"'{key}': signature {shorten(signature.name)} takes {names}; expected these names")
    return next(iter(signature.inputs))
