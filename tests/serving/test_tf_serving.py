"""The configuration for TF Serving: what can be checked without it, and with it where it is installed."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from google.protobuf import text_format
from helpers.serving.model_server import VERSION, picture
from tensorflow_serving.config import model_server_config_pb2

from serving.candidate import ask, check_posteriors, in_process
from serving.model_server import TF_SERVING, ModelServer
from serving.saved_model.signatures import AVERAGED

FOLDER = Path(__file__).parents[2] / "serving" / "tf_serving"
FILE_FLAGS = ("model_config_file", "batching_parameters_file", "monitoring_config_file")


def _models() -> model_server_config_pb2.ModelServerConfig:
    text = (FOLDER / "models.config").read_text()
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


def _flags(arguments) -> dict[str, str]:
    return dict(re.fullmatch(r"--(\w+)=?(.*)", argument).groups() for argument in arguments)


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]["vgg"]


@pytest.fixture(scope="module")
def pod() -> dict:
    deployment, _ = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    return deployment["spec"]["template"]["spec"]


def test_the_model_is_named_and_versioned_as_the_clients_expect():
    (config,) = _models().model_config_list.config
    assert (config.name, config.base_path) == ("vgg", "/models/vgg")
    assert config.model_version_policy.latest.num_versions == 1


def test_labels_as_the_comment_shows_them_are_valid():
    commented = re.findall(r"#   (.+)", (FOLDER / "models.config").read_text())
    config = text_format.Parse("\n".join(commented), model_server_config_pb2.ModelConfig())
    assert dict(config.version_labels) == {"stable": 1700000000, "canary": 1700100000}
    assert set(config.version_labels.values()) == set(config.model_version_policy.specific.versions)


def test_nothing_is_padded():
    assert re.findall(r"^pad_\w+: (\w+)$", (FOLDER / "batching.config").read_text(), re.M) == ["false"]


def test_compose_mounts_what_the_configuration_names(compose):
    flags = _flags(compose["command"])
    assert {flags[name] for name in FILE_FLAGS if name in flags} <= {
        f"/config/{path.name}" for path in FOLDER.iterdir()
    }
    mounts = dict(volume.rsplit(":", 2)[:2][::-1] for volume in compose["volumes"])
    assert mounts["/config"] == "."
    assert mounts["/models/vgg"].endswith("/serving/vgg")
    assert all(port.startswith("127.0.0.1:") for port in compose["ports"])


def test_kubernetes_probes_the_ports_that_are_served(pod):
    (container,) = pod["containers"]
    flags = _flags(container["args"])
    ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    assert ports == {"grpc": flags["port"], "rest": flags["rest_api_port"]}
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/v1/models/vgg", "port": "rest"}
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    mounted = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounted.values()) == {volume["name"] for volume in pod["volumes"]}
    assert all(
        Path(flags[name]).parent == Path("/config") and (FOLDER / Path(flags[name]).name).is_file()
        for name in FILE_FLAGS
        if name in flags
    )


def test_tf_serving_itself_answers_as_the_model_does(pushed):
    if not shutil.which(TF_SERVING):
        pytest.skip(f"needs {TF_SERVING} on the PATH; none is to be had from package indexes")
    photographs = [picture(1), picture(2, 64, 200, "PNG")]
    model = pushed / str(VERSION)
    with ModelServer(str(pushed), loads_within=120) as server:
        served = ask(server.address, photographs)[AVERAGED]
    check_posteriors(served, in_process(str(model), photographs))
    assert np.isfinite(served).all()
