"""Descriptors from a server, and by which version of its model."""

import urllib.error

import grpc
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import write_small_model

from serving import describing


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    """With a stand-in for the exported model as version 1."""
    base = tmp_path_factory.mktemp("served") / "vgg"
    write_small_model(base / "1", seed=1)
    return base


@pytest.fixture(scope="module")
def server(base_path):
    with serving(base_path) as started:
        yield started


@pytest.fixture(scope="module")
def images():
    return [picture(1), picture(2, 64, 200, "PNG"), picture(3, 300, 80)]


@pytest.fixture(scope="module")
def ways(server):
    """(describe, newest_version) of the server by each way."""
    rest = f"http://127.0.0.1:{server.rest_port}"
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield (
            (
                lambda images, version: describing.describe(images, channel, version=version),
                lambda: describing.newest_version(channel),
            ),
            (
                lambda images, version: describing.describe_by_rest(images, rest, version=version),
                lambda: describing.newest_version_by_rest(rest),
            ),
        )


def test_descriptors_are_the_models_own(ways, base_path, images):
    run = tf.saved_model.load(str(base_path / "1")).signatures["features"]
    expected = run(image_bytes=tf.constant(images))["features"].numpy()
    for describe, newest_version in ways:
        assert newest_version() == 1
        np.testing.assert_allclose(describe(images, 1), expected, atol=1e-5)


def test_no_other_version_answers(ways, images):
    (over_grpc, _), (over_rest, _) = ways
    with pytest.raises(grpc.RpcError) as raised:
        over_grpc(images, 2)
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    with pytest.raises(urllib.error.HTTPError) as refused:
        over_rest(images, 2)
    assert refused.value.code == 404
