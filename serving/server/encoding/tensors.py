"""TensorProto to array and back. Whether a shape fits the graph says, as it does in TensorFlow Serving.

What a request declares is checked before anything of that size is made.
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

QUANTIZED = {tf.qint8: "i1", tf.quint8: "u1", tf.qint16: "<i2", tf.quint16: "<u2", tf.qint32: "<i4"}
"""NumPy's plain type of the same bits."""

BITS = {tf.float16: "<u2", tf.bfloat16: "<u2"}
"""Floating-point numbers that a TensorProto holds as whole numbers."""

COMPLEX = {tf.complex64: "<f4", tf.complex128: "<f8"}
"""Of the numbers in a TensorProto, the real part and the imaginary part in turn."""

FIELDS = {
    **dict.fromkeys([tf.int32, tf.int16, tf.int8, tf.uint16, tf.uint8, *QUANTIZED], "int_val"),
    **dict.fromkeys(BITS, "half_val"),
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.complex64: "scomplex_val",
    tf.complex128: "dcomplex_val",
}

MOST_DIMENSIONS = 32
"""NumPy 1's limit."""

FLOAT_VAL = b"\x2a"
"""The wire's tag of TensorProto.float_val: field 5, packed."""


@dataclass(frozen=True)
class Limits:
    """Most items along the first dimension, and most elements in a tensor."""

    items: int
    elements: int


def read_inputs(
    protos: Mapping[str, tensor_pb2.TensorProto], signature: Signature, limits: Limits
) -> dict[str, np.ndarray]:
    """The arrays of a request, for the inputs of `signature`.

    Raises:
        ServingError: INVALID_ARGUMENT, naming the input at fault.
    """
    signature.check_inputs(protos)
    return {name: to_array(name, protos[name], spec, limits) for name, spec in signature.inputs.items()}


def to_array(name: str, proto: tensor_pb2.TensorProto, spec: Spec, limits: Limits) -> np.ndarray:
    """The array of input `name`; strings as objects of type bytes. Raises INVALID_ARGUMENT."""
    if proto.dtype != spec.dtype.as_datatype_enum:
        raise invalid(f"{name}: dtype {_dtype_name(proto.dtype)}; expected {spec.dtype.name}")
    if proto.tensor_shape.unknown_rank:
        raise invalid(f"{name}: no shape")
    shape = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    check_shape(name, shape, limits)
    if spec.dtype == tf.string:
        return _strings(name, proto, shape)
    return _numbers(name, proto, spec.dtype, shape)


def check_shape(name: str, shape: tuple[int, ...], limits: Limits) -> None:
    """Raises INVALID_ARGUMENT where `shape` is none or beyond `limits`."""
    if len(shape) > MOST_DIMENSIONS:
        raise invalid(f"{name}: {len(shape)} dimensions; this server takes at most {MOST_DIMENSIONS}")
    if any(size < 0 for size in shape):
        raise invalid(f"{name}: shape {_shape(shape)}; expected no negative number")
    if shape and shape[0] > limits.items:
        raise invalid(
            f"{name}: {shape[0]} items; this server takes at most {limits.items} (--max_request_items)"
        )
    if (count := math.prod(shape)) > limits.elements:
        raise invalid(
            f"{name}: shape {_shape(shape)} has {count} elements; this server takes at most "
            f"{limits.elements} (--max_input_elements)"
        )


def to_proto(array: np.ndarray, *, as_content: bool = False) -> tensor_pb2.TensorProto:
    """`array` with its values in the typed field (float_val, string_val, ...), as TF Serving answers;
    `as_content` as bytes, which is what its --enable_serialization_as_tensor_content does.
    """
    dtype = tf.as_dtype(tf.string if array.dtype == object else array.dtype)
    proto = tensor_pb2.TensorProto(
        dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto()
    )
    if dtype == tf.string:
        proto.string_val.extend(array.ravel().tolist())
    elif as_content or dtype not in FIELDS:
        proto.tensor_content = array.tobytes()
    elif dtype == tf.float32:
        # As bytes, not number by number: a score map has millions.
        values = array.astype("<f4", copy=False).tobytes()
        proto.MergeFromString(FLOAT_VAL + _varint(len(values)) + values)
    else:
        plain = {**QUANTIZED, **BITS, **COMPLEX}.get(dtype, array.dtype)
        getattr(proto, FIELDS[dtype]).extend(np.ascontiguousarray(array).ravel().view(plain).tolist())
    return proto


def _strings(name: str, proto: tensor_pb2.TensorProto, shape: tuple[int, ...]) -> np.ndarray:
    count = math.prod(shape)
    values = list(proto.string_val)
    if not values and proto.tensor_content:
        values = read_strings(name, proto.tensor_content, count)
    return _filled(name, np.array([*values, None], object)[:-1], shape, b"")


def _numbers(name: str, proto: tensor_pb2.TensorProto, dtype: tf.DType, shape: tuple[int, ...]) -> np.ndarray:
    kind = np.dtype(dtype.as_numpy_dtype)
    if proto.tensor_content:
        if len(proto.tensor_content) != math.prod(shape) * kind.itemsize:
            held = len(proto.tensor_content)
            raise invalid(f"{name}: shape {_shape(shape)} of {dtype.name} but {held} bytes of content")
        return np.frombuffer(proto.tensor_content, kind).reshape(shape)
    if dtype not in FIELDS:
        if math.prod(shape):
            raise invalid(f"{name}: no tensor_content; expected it for dtype {dtype.name}")
        return np.zeros(shape, kind)
    # Left to itself, NumPy takes float64 for numbers of 64 bits some of which are 2**63 or more, and rounds.
    values = np.array(getattr(proto, FIELDS[dtype]), np.uint64 if dtype == tf.uint64 else None)
    plain = {**QUANTIZED, **BITS, **COMPLEX}.get(dtype)
    if dtype in COMPLEX and len(values) % 2:
        raise invalid(f"{name}: {len(values)} parts of complex numbers; expected two for each")
    array = within(name, values, np.dtype(plain or kind))
    return _filled(name, array.view(kind) if plain else array, shape, np.zeros((), kind))


def _filled(name: str, values: np.ndarray, shape: tuple[int, ...], nothing: object) -> np.ndarray:
    """In TensorFlow's encoding the last of fewer values goes on, and none at all are zeros."""
    count = math.prod(shape)
    if len(values) > count:
        raise invalid(f"{name}: shape {_shape(shape)} but {len(values)} values")
    if len(values) == count:
        return values.reshape(shape)
    if len(values) < 2:
        # Not written out, so that a few bytes do not hold the memory of what they declare while they wait.
        one = np.empty((), values.dtype)
        one[()] = values[0] if len(values) else nothing
        return np.broadcast_to(one, shape)
    return np.pad(values, (0, count - len(values)), "edge").reshape(shape)


def within(name: str, values: np.ndarray, kind: np.dtype) -> np.ndarray:
    """`values` as dtype `kind`. Raises INVALID_ARGUMENT where an integer does not fit."""
    if values.size and np.issubdtype(kind, np.integer):
        least, most = np.iinfo(kind).min, np.iinfo(kind).max
        if values.min() < least or values.max() > most:
            raise invalid(f"{name}: a value is not in {least}..{most}")
    return values.astype(kind, copy=False)


def _dtype_name(number: int) -> str:
    try:
        return tf.as_dtype(number).name
    except (TypeError, ValueError):
        return types_pb2.DataType.Name(number) if number in types_pb2.DataType.values() else str(number)


def _shape(shape: tuple[int, ...]) -> str:
    text = ", ".join(map(str, shape[:8]))
    return f"[{text}{', ...' if len(shape) > 8 else ''}]"


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])
