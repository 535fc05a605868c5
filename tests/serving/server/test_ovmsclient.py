"""An independent client of the protocol, OpenVINO's ovmsclient, gets what the model gives in process."""

import numpy as np
import pytest
from helpers.serving.running_server import RunningServer
from ovmsclient import make_grpc_client, make_http_client

IMAGES = 100
PATIENCE = 60.0


@pytest.fixture(scope="module")
def images(photographs) -> list[bytes]:
    folder = photographs / "imagenet_sample"
    if not folder.is_dir():
        pytest.skip(f"needs the ImageNet photographs in {folder}")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpeg", ".jpg"))
    return [path.read_bytes() for path in found[:IMAGES]]


@pytest.fixture(scope="module")
def expected(images, exported, in_process) -> np.ndarray:
    """Posteriors [image, class], one image at a time."""
    predict = in_process(exported)
    return np.concatenate([predict([image])["probabilities"] for image in images])


def clients(server: RunningServer) -> dict:
    """By protocol."""
    return {
        "grpc": make_grpc_client(server.address),
        "rest": make_http_client(server.url.removeprefix("http://")),
    }


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
@pytest.mark.parametrize("at_once", [1, 20])
def test_photographs_get_the_same_probabilities(exported_server, images, expected, protocol, at_once):
    client = clients(exported_server)[protocol]
    found = []
    for start in range(0, len(images), at_once):
        inputs = {"image_bytes": images[start : start + at_once]}
        found.append(client.predict(inputs, "vgg", timeout=PATIENCE)["probabilities"])
    assert len(images) == IMAGES
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_status_and_versions(exported_server, images, protocol):
    client = clients(exported_server)[protocol]
    status = {1: {"state": "AVAILABLE", "error_code": 0, "error_message": ""}}
    assert client.get_model_status("vgg") == status
    assert client.get_model_status("vgg", 1) == status
    best = client.predict({"image_bytes": images[:1]}, "vgg", 1, timeout=PATIENCE)["top_classes"]
    assert np.shape(best) == (1, 5)


def test_metadata_over_grpc(exported_server):
    metadata = clients(exported_server)["grpc"].get_model_metadata("vgg")
    assert metadata["model_version"] == 1
    assert metadata["inputs"] == {"image_bytes": {"shape": [-1], "dtype": "DT_STRING"}}
    assert metadata["outputs"]["probabilities"] == {"shape": [-1, 7], "dtype": "DT_FLOAT"}
