"""The client that users copy: against the server's real protocols, and without TensorFlow."""

import shutil
import subprocess
import sys
import urllib.error
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import CLASSES
from tensorflow_serving.apis import predict_pb2

from serving import client

ROOT = Path(client.__file__).parents[1]


@pytest.fixture(scope="module")
def expected(base_path, images):
    """(class, probability) of each image by the SavedModel itself, best first."""
    run = tf.saved_model.load(str(base_path / "1")).signatures["serving_default"]
    rows = run(image_bytes=tf.constant(images))["probabilities"].numpy()
    return [[(CLASSES[label], row[label]) for label in np.argsort(-row)[:5]] for row in rows]


def same(found, expected):
    assert [[name for name, _ in best] for best in found] == [[name for name, _ in best] for best in expected]
    values = [[value for _, value in best] for best in expected]
    np.testing.assert_allclose([[value for _, value in best] for best in found], values, atol=1e-5)


def test_over_grpc_as_the_model_itself(server, images, expected):
    same(client.classify(images, f"127.0.0.1:{server.grpc_port}"), expected)


def test_over_rest_as_the_model_itself(server, images, expected):
    same(client.classify_by_rest(images, f"http://127.0.0.1:{server.rest_port}"), expected)


def test_one_channel_for_many_calls(server, images, expected):
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        for image, best in zip(images, expected, strict=True):
            same(client.classify([image], channel=channel), [best])


def test_another_signature_is_asked_for(server, images):
    with pytest.raises(grpc.RpcError) as raised:
        client.classify(images, f"127.0.0.1:{server.grpc_port}", signature="no_such")
    assert "no_such" in raised.value.details()
    with pytest.raises(urllib.error.HTTPError, match="no_such"):
        client.classify_by_rest(images, f"http://127.0.0.1:{server.rest_port}", signature="no_such")


def test_errors_say_the_servers_words(server):
    with pytest.raises(grpc.RpcError) as raised:
        client.classify([b"no image"], f"127.0.0.1:{server.grpc_port}")
    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.RpcError) as raised:
        client.classify([picture(1)], f"127.0.0.1:{server.grpc_port}", "other")
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(urllib.error.HTTPError, match="other") as refused:
        client.classify_by_rest([picture(1)], f"http://127.0.0.1:{server.rest_port}", "other")
    assert refused.value.code == 404


def test_a_token_is_sent(base_path, tmp_path):
    file = tmp_path / "tokens"
    file.write_text("open sesame\n")
    with serving(base_path, token_file=str(file)) as server:
        grpc_address, rest = f"127.0.0.1:{server.grpc_port}", f"http://127.0.0.1:{server.rest_port}"
        assert len(client.classify([picture(1)], grpc_address, token="open sesame")[0]) == 5
        assert len(client.classify_by_rest([picture(1)], rest, token="open sesame")[0]) == 5
        with pytest.raises(grpc.RpcError) as raised:
            client.classify([picture(1)], grpc_address, token="wrong")
        assert raised.value.code() == grpc.StatusCode.UNAUTHENTICATED
        with pytest.raises(urllib.error.HTTPError, match="token"):
            client.classify_by_rest([picture(1)], rest)


def test_requests_are_those_of_tensorflow_servings_own_classes():
    kinds = client.messages()
    tensor = {"dtype": client.STRING, "tensor_shape": {"dim": [{"size": 2}]}, "string_val": [b"a", b"b"]}
    ours = kinds["Request"](
        model_spec={"name": "vgg", "signature_name": "single_scale"},
        inputs=[{"key": "image_bytes", "value": tensor}],
        output_filter=["top_classes"],
    )
    theirs = predict_pb2.PredictRequest.FromString(ours.SerializeToString())
    expected = predict_pb2.PredictRequest(output_filter=["top_classes"])
    expected.model_spec.name, expected.model_spec.signature_name = "vgg", "single_scale"
    expected.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([b"a", b"b"], tf.string))
    assert theirs == expected


@pytest.mark.parametrize("content", [False, True])
def test_answers_may_hold_their_floats_as_numbers_or_as_bytes(content):
    """TensorFlow Serving writes the one, tf.make_tensor_proto the other."""
    response = predict_pb2.PredictResponse()
    names = [[b"a", b"b"], [b"c", "ä".encode()]]
    response.outputs["top_classes"].CopyFrom(tf.make_tensor_proto(names, tf.string))
    values = np.array([[0.75, 0.25], [0.5, 0.125]], np.float32)
    if content:
        response.outputs["top_probabilities"].CopyFrom(tf.make_tensor_proto(values))
    else:
        response.outputs["top_probabilities"].float_val.extend(values.ravel())
    read = client.messages()["Response"].FromString(response.SerializeToString())
    found = client._pairs({output.key: output.value for output in read.outputs})
    assert found == [[("a", 0.75), ("b", 0.25)], [("c", 0.5), ("ä", 0.125)]]


def test_a_copy_works_without_tensorflow_and_without_this_project(server, tmp_path):
    shutil.copy(client.__file__, tmp_path / "client.py")
    (tmp_path / "a.jpg").write_bytes(picture(1))
    program = (
        "import sys; from client import classify, classify_by_rest\n"
        "image = open('a.jpg', 'rb').read()\n"
        f"print(classify([image], '127.0.0.1:{server.grpc_port}')[0][0][0])\n"
        f"print(classify_by_rest([image], 'http://127.0.0.1:{server.rest_port}')[0][0][0])\n"
        "print(sorted({'tensorflow', 'serving', 'models', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second, modules = done.stdout.splitlines()
    assert first == second
    assert first in CLASSES
    assert modules == "[]"


def test_it_is_short():
    assert len(Path(client.__file__).read_text().splitlines()) < 100
