"""TensorProto to array and back, with every check that keeps a bad request from reaching the graph.

The declared shape is checked before anything of that size is made.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from serving.server.encoding.signature import Signature, Spec
from serving.server.encoding.string_content import read_strings
from serving.server.errors import invalid

FIELDS = {
    **dict.fromkeys([tf.int32, tf.int16, tf.int8, tf.uint16, tf.uint8], "int_val"),
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
}

MOST_DIMENSIONS = 254
"""TensorFlow's own limit."""

FLOAT_VAL = b"\x2a"
"""The wire's tag of TensorProto.float_val: field 5, packed."""


@dataclass(frozen=True)
class Limits:
    """Most items along the first dimension, and most numbers in a tensor that is not of strings."""

    items: int
    elements: int


def read_inputs(
    protos: Mapping[str, tensor_pb2.TensorProto], signature: Signature, limits: Limits
) -> dict[str, np.ndarray]:
    """The arrays of a request, checked against `signature`.

    Raises:
        ServingError: INVALID_ARGUMENT, naming the input at fault.
    """
    signature.check_inputs(protos)
    arrays = {name: to_array(name, protos[name], spec, limits) for name, spec in signature.inputs.items()}
    check_counts(arrays, signature)
    return arrays


def to_array(name: str, proto: tensor_pb2.TensorProto, spec: Spec, limits: Limits) -> np.ndarray:
    """The array of input `name`. Raises INVALID_ARGUMENT."""
    if proto.dtype != spec.dtype.as_datatype_enum:
        raise invalid(f"{name}: dtype {_dtype_name(proto.dtype)}; expected {spec.dtype.name}")
    if proto.tensor_shape.unknown_rank:
        raise invalid(f"{name}: no shape; expected {_shape(spec.shape)}")
    if (rank := len(proto.tensor_shape.dim)) > MOST_DIMENSIONS:
        raise invalid(f"{name}: {rank} dimensions; expected {_shape(spec.shape)}")
    shape = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    check_shape(name, shape, spec, limits)
    if spec.dtype == tf.string:
        return _strings(name, proto, shape)
    return _numbers(name, proto, spec.dtype, shape)


def check_shape(name: str, shape: tuple[int, ...], spec: Spec, limits: Limits) -> None:
    """Raises INVALID_ARGUMENT unless `shape` fits `spec`, is not empty and is within `limits`."""
    fits = spec.shape is None or (
        len(shape) == len(spec.shape)
        and all(wanted in (None, size) for size, wanted in zip(shape, spec.shape, strict=True))
    )
    if not fits:
        raise invalid(f"{name}: shape {_shape(shape)}; expected {_shape(spec.shape)}")
    if any(size <= 0 for size in shape):
        raise invalid(f"{name}: shape {_shape(shape)}; expected at least one along each dimension")
    if shape and shape[0] > limits.items:
        raise invalid(f"{name}: {shape[0]} items; this server takes at most {limits.items} in a request")
    most = limits.items if spec.dtype == tf.string else limits.elements
    if (count := math.prod(shape)) > most:
        raise invalid(f"{name}: shape {_shape(shape)} has {count} elements; this server takes at most {most}")


def check_counts(arrays: Mapping[str, np.ndarray], signature: Signature) -> None:
    """Raises INVALID_ARGUMENT unless all inputs have as many items, where the signature is a batch's."""
    counts = {name: len(array) for name, array in arrays.items() if signature.inputs[name].is_batch}
    if len(set(counts.values())) > 1:
        raise invalid(f"signature {signature.name}: as many items expected in each input; got {counts}")


def to_proto(array: np.ndarray) -> tensor_pb2.TensorProto:
    """`array` with its values in the typed field (float_val, string_val, ...), as TF Serving answers."""
    dtype = tf.as_dtype(tf.string if array.dtype == object else array.dtype)
    proto = tensor_pb2.TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto()
    )
    if dtype == tf.string:
        proto.string_val.extend(array.ravel().tolist())
    elif dtype == tf.float32:
        # As bytes, not number by number: a score map has millions.
        values = array.astype("<f4", copy=False).tobytes()
        proto.MergeFromString(FLOAT_VAL + _varint(len(values)) + values)
    else:
        getattr(proto, FIELDS[dtype]).extend(array.ravel().tolist())
    return proto


def _strings(name: str, proto: tensor_pb2.TensorProto, shape: tuple[int, ...]) -> np.ndarray:
    count = math.prod(shape)
    values = list(proto.string_val)
    if not values and proto.tensor_content:
        values = read_strings(name, proto.tensor_content, count)
    if len(values) != count:
        raise invalid(f"{name}: shape {_shape(shape)} but {len(values)} strings")
    array = np.empty(count, object)
    array[:] = values
    return array.reshape(shape)


def _numbers(name: str, proto: tensor_pb2.TensorProto, dtype: tf.DType, shape: tuple[int, ...]) -> np.ndarray:
    count, kind = math.prod(shape), dtype.as_numpy_dtype
    if proto.tensor_content:
        if len(proto.tensor_content) != count * dtype.size:
            held = len(proto.tensor_content)
            raise invalid(f"{name}: shape {_shape(shape)} of {dtype.name} but {held} bytes of content")
        return np.frombuffer(proto.tensor_content, kind).reshape(shape)
    if dtype not in FIELDS:
        raise invalid(f"{name}: no tensor_content; expected it for dtype {dtype.name}")
    values = getattr(proto, FIELDS[dtype])
    if not 0 < len(values) <= count:
        raise invalid(f"{name}: shape {_shape(shape)} but {len(values)} values")
    array = within(name, np.array(values), kind)
    # A shorter list means that its last value goes on, in TensorFlow's encoding.
    return np.pad(array, (0, count - len(array)), "edge").reshape(shape)


def within(name: str, values: np.ndarray, kind: type) -> np.ndarray:
    """`values` as dtype `kind`. Raises INVALID_ARGUMENT where an integer does not fit."""
    if np.issubdtype(kind, np.integer):
        least, most = np.iinfo(kind).min, np.iinfo(kind).max
        if values.size and (values.min() < least or values.max() > most):
            raise invalid(f"{name}: a value is not in {least}..{most}")
    return values.astype(kind, copy=False)


def _dtype_name(number: int) -> str:
    try:
        return tf.as_dtype(number).name
    except (TypeError, ValueError):
        return types_pb2.DataType.Name(number) if number in types_pb2.DataType.values() else str(number)


def _shape(shape: tuple[int | None, ...] | None) -> str:
    if shape is None:
        return "any"
    text = ", ".join("any" if size is None else str(size) for size in shape[:8])
    return f"[{text}{', ...' if len(shape) > 8 else ''}]"


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])
