"""TensorProto to array and back, against TensorFlow's own encoding."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.server.encoding.signature import Spec
from serving.server.encoding.tensors import Limits, to_array, to_proto
from serving.server.errors import ServingError

LIMITS = Limits(items=100, elements=1000)


def spec(dtype, *shape):
    return Spec("x:0", dtype, shape)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64, tf.int32, tf.int64, tf.uint8, tf.bool, tf.uint32])
@pytest.mark.parametrize("count", [1, 200])
def test_an_answer_is_read_by_tensorflow_from_the_typed_field(dtype, count):
    array = (np.arange(count) % 2 if dtype == tf.bool else np.arange(count)).astype(dtype.as_numpy_dtype)
    proto = to_proto(array.reshape(count, 1))
    assert not proto.tensor_content
    np.testing.assert_array_equal(tf.make_ndarray(proto), array.reshape(count, 1))
    np.testing.assert_array_equal(to_array("x", proto, spec(dtype, None, 1), Limits(1000, 1000))[:, 0], array)


def test_nan_and_infinity_survive():
    array = np.array([np.nan, np.inf, -np.inf, -0.0], np.float32)
    assert tf.make_ndarray(to_proto(array)).tobytes() == array.tobytes()


@pytest.mark.parametrize("values", [[b""], [b"\x00\xff", b"", b"a" * 300]])
def test_strings_survive_in_both_of_tensorflows_encodings(values):
    array = np.array(values, object)
    assert tf.make_ndarray(to_proto(array)).tolist() == values
    # As C++ clients write them: all lengths as varints, then all strings.
    content = b"".join(
        bytes([len(v)]) if len(v) < 128 else bytes([len(v) & 127 | 128, len(v) >> 7]) for v in values
    )
    proto = tensor_pb2.TensorProto(dtype=7, tensor_content=content + b"".join(values))
    proto.tensor_shape.dim.add(size=len(values))
    assert to_array("x", proto, spec(tf.string, None), LIMITS).tolist() == values


@pytest.mark.parametrize(
    "content", [b"\x03ab", b"\x01abc", b"\xff", b"\xff" * 9, b"\x80\x80\x80\x80\x80\x01"]
)
def test_strings_that_are_cut_off_are_refused(content):
    proto = tensor_pb2.TensorProto(dtype=7, tensor_content=content)
    proto.tensor_shape.dim.add(size=1)
    with pytest.raises(ServingError, match="^x: "):
        to_array("x", proto, spec(tf.string, None), LIMITS)


def test_numbers_come_as_content_or_as_values_of_which_the_last_goes_on():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    by_content = tf.make_tensor_proto(array)
    assert by_content.tensor_content
    np.testing.assert_array_equal(to_array("x", by_content, spec(tf.int64, None, 3), LIMITS), array)
    short = tensor_pb2.TensorProto(dtype=9, int64_val=[4, 5])
    short.tensor_shape.dim.add(size=2)
    short.tensor_shape.dim.add(size=3)
    found = to_array("x", short, spec(tf.int64, None, 3), LIMITS)
    np.testing.assert_array_equal(found, tf.make_ndarray(short))
    assert found.tolist() == [[4, 5, 5], [5, 5, 5]]


def test_what_is_declared_is_refused_before_it_is_made():
    proto = tensor_pb2.TensorProto(dtype=1, float_val=[1.0])
    for _ in range(6):
        proto.tensor_shape.dim.add(size=10**9)
    with pytest.raises(ServingError, match=rf"has {10**54} elements"):
        to_array("x", proto, Spec("x:0", tf.float32, None), Limits(10**9, 1000))
