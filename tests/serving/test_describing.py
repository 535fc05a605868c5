"""Descriptors from a server, and by which version of its model."""

import urllib.error

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving import describing


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
