"""A server of a small model, and photographs for it: for the clients' tests."""

from pathlib import Path

import pytest
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import write_small_model


@pytest.fixture(scope="module")
def base_path(tmp_path_factory) -> Path:
    """With a stand-in for the exported model as version 1."""
    base = tmp_path_factory.mktemp("served") / "vgg"
    write_small_model(base / "1", seed=1)
    return base


@pytest.fixture(scope="module")
def server(base_path):
    with serving(base_path) as started:
        yield started


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    return [picture(1), picture(2, 64, 200, "PNG"), picture(3, 300, 80)]
