"""Tensors, signatures and messages that a request should not have: each is refused by name, over gRPC."""

import pytest
import tensorflow as tf
from helpers.serving.refused_requests import GOOD, refused, strings, with_tensor
from helpers.serving.running_server import RunningServer, predict_request


@pytest.fixture(scope="module")
def server(exported_server) -> RunningServer:
    """Of the exported model, whose own refusals and signatures are met here."""
    return exported_server


def declared(dtype, *shape: int, **fields) -> tf.compat.v1.TensorShape:
    """A TensorProto that declares `shape`, whatever it holds."""
    proto = tf.make_tensor_proto(b"x").__class__(dtype=dtype.as_datatype_enum, **fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (tf.make_tensor_proto([1.0]), "image_bytes: dtype float32; expected string"),
        (strings(GOOD, shape=[1, 1]), None),
        (tf.make_tensor_proto(GOOD), None),
        (declared(tf.string, -1), "image_bytes: shape [-1]; expected no negative number"),
        (declared(tf.string, 3), "image_bytes[0]: not a JPEG or PNG image that can be decoded; "),
        (declared(tf.string, 1, string_val=[GOOD] * 2), "image_bytes: shape [1] but 2 values"),
        (
            declared(tf.string, 2**62, string_val=[GOOD]),
            f"image_bytes: {2**62} items; this server takes at most 1048576 (--max_request_items)",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_the_signature_is_refused(server, proto, said):
    message = refused(server.prediction.Predict, with_tensor(proto))
    assert said is None or message.startswith(said)


@pytest.mark.parametrize(
    ("proto", "said"),
    [
        (
            declared(tf.uint8, 1, 10**6, 10**6, 3, int_val=[1]),
            "images: shape [1, 1000000, 1000000, 3] has 3000000000000 elements; this server takes at most "
            "67108864 (--max_input_elements)",
        ),
        (
            declared(tf.uint8, 1, 40, 40, 3, tensor_content=b"abc"),
            "images: shape [1, 40, 40, 3] of uint8 but 3 bytes of content",
        ),
        (declared(tf.uint8, 1, 1, 1, 3, int_val=[1, 2, 300]), "images: a value is not in 0..255"),
        (declared(tf.uint8, 1, 1, 1, 3, int_val=[1] * 4), "images: shape [1, 1, 1, 3] but 4 values"),
        (declared(tf.uint8, 1, 1, 1, 3), "images: 1 x 1 x 1; expected at least 1 x 32 x 32 "),
        (declared(tf.uint8, *[1] * 300), "images: 300 dimensions; this server takes at most 32"),
    ],
)
def test_pixels_that_do_not_fit_the_signature_are_refused(server, proto, said):
    assert refused(server.prediction.Predict, with_tensor(proto, "images", "score_map")).startswith(said)


def test_an_input_that_is_missing_or_not_there_is_named(server):
    message = refused(server.prediction.Predict, with_tensor(strings(GOOD), "image"))
    assert message == "signature serving_default: input image_bytes is missing; it takes image_bytes"
    request = predict_request([GOOD])
    request.inputs["more"].CopyFrom(strings(GOOD))
    message = refused(server.prediction.Predict, request)
    assert message == "signature serving_default: no input 'more'; it takes image_bytes"


def test_an_output_that_is_not_there_is_named(server):
    request = predict_request([GOOD])
    request.output_filter.append("logits")
    message = refused(server.prediction.Predict, request)
    assert message.startswith("signature serving_default: no output 'logits'; it gives probabilities, ")


def test_bytes_that_are_no_message_are_refused(server):
    method = server.channel().unary_unary("/tensorflow.serving.PredictionService/Predict")
    assert refused(method, b"\xff\xff\xff").startswith("no tensorflow.serving.PredictRequest: ")
