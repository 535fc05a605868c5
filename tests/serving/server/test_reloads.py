"""Reloads and TF Serving's configuration file: models, version policies and labels."""

from pathlib import Path

import grpc
import pytest
from helpers.serving.pushed_versions import code_of, push, wait_until
from helpers.serving.running_server import PATIENCE, RunningServer, b64, predict_request
from tensorflow_serving.apis import model_management_pb2

from models.errors import InputError


def reload(server: RunningServer, base: Path, *, name="vgg", specific=(), latest=0, labels=None) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    config = request.config.model_config_list.config.add(name=name, base_path=str(base))
    if specific:
        config.model_version_policy.specific.versions.extend(specific)
    if latest:
        config.model_version_policy.latest.num_versions = latest
    for label, number in (labels or {}).items():
        config.version_labels[label] = number
    server.model.HandleReloadConfigRequest(request, timeout=PATIENCE)


def test_a_reload_sets_the_policy_and_labels(start, base_path, models, pictures):
    server = start()
    push(models[1], base_path, 2)
    reload(server, base_path, latest=2, labels={"stable": 1, "canary": 2})
    assert server.states() == {2: "AVAILABLE", 1: "AVAILABLE"}
    for label, number in {"stable": 1, "canary": 2}.items():
        request = predict_request(pictures)
        request.model_spec.version_label = label
        assert server.prediction.Predict(request).model_spec.version.value == number
        path = f"/v1/models/vgg/labels/{label}"
        body = {"instances": [b64(pictures[0])]}
        assert server.rest().post(f"{path}:predict", json=body).status_code == 200
        assert server.rest().get(path).json()["model_version_status"][0]["version"] == str(number)
    reload(server, base_path, specific=[1])
    wait_until(lambda: server.states() == {2: "END", 1: "AVAILABLE"})


def test_a_reload_adds_and_removes_models(start, base_path, models, tmp_path, pictures):
    server = start()
    other = tmp_path / "other"
    other.mkdir()
    push(models[1], other, 4)
    reload(server, other, name="second")
    assert server.states("second") == {4: "AVAILABLE"}
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request(pictures))
    assert code_of(error) == grpc.StatusCode.NOT_FOUND
    assert error.value.details() == "no model 'vgg'; there is second"
    wait_until(lambda: '"event": "version_unloaded", "model": "vgg"' in server.log.getvalue())


@pytest.mark.parametrize(
    ("change", "said"),
    [({"labels": {"stable": 9}}, "version 9, not loaded"), ({"specific": [9]}, None)],
)
def test_a_reload_that_cannot_be_done_leaves_all_as_it_was(start, base_path, pictures, change, said):
    server = start()
    if said:
        with pytest.raises(grpc.RpcError, match=said) as error:
            reload(server, base_path, **change)
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
    else:
        reload(server, base_path, **change)
    assert server.prediction.Predict(predict_request(pictures)).model_spec.version.value == 1


def test_a_reload_that_cannot_be_done_is_undone(start, base_path, models):
    push(models[1], base_path, 2)
    server = start()
    with pytest.raises(grpc.RpcError, match="version 9, not loaded"):
        reload(server, base_path, specific=[1], labels={"stable": 9})
    assert server.states() == {2: "AVAILABLE"}


def test_a_reload_to_a_folder_without_a_model_is_refused(start, base_path, tmp_path, pictures):
    server = start()
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(grpc.RpcError) as error:
            reload(server, folder)
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
    assert server.prediction.Predict(predict_request(pictures)).model_spec.version.value == 1


def test_an_empty_reload_is_refused(start):
    with pytest.raises(grpc.RpcError) as error:
        start().model.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())
    assert code_of(error) == grpc.StatusCode.INVALID_ARGUMENT


def test_tf_servings_configuration_file_is_read(start, base_path, models, tmp_path):
    push(models[1], base_path, 2)
    file = tmp_path / "models.config"
    file.write_text(
        'model_config_list { config { name: "net" model_platform: "tensorflow" '
        f'base_path: "{base_path}" model_version_policy {{ all {{}} }} '
        'version_labels { key: "stable" value: 1 } } }'
    )
    assert start(None, model_config_file=str(file)).states("net") == {2: "AVAILABLE", 1: "AVAILABLE"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('model_config_list { config { name: "net" base_path: "models/net" } }', "expected an absolute path"),
        ("nonsense", "no ModelServerConfig"),
        ('model_config_list { config { name: "net" } }', "without name or base_path"),
        (
            'model_config_list { config { name: "net" base_path: "/x" model_platform: "caffe" } }',
            "platform caffe",
        ),
    ],
)
def test_a_configuration_file_that_cannot_be_used_is_one_clear_line(tmp_path, text, said):
    file = tmp_path / "models.config"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        RunningServer(None, model_config_file=str(file)).__enter__()
