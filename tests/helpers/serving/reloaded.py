"""Reloads of a running server by text, and what its models answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2, predict_pb2

from helpers.serving.running_server import PATIENCE, RunningServer

PRECONDITION, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def model(path: Path | str, name: str, versions: str = "all {}", **labels: int) -> str:
    named = " ".join(f'version_labels {{ key: "{key}" value: {value} }}' for key, value in labels.items())
    return (
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" '
        f"model_version_policy {{ {versions} }} {named} }}"
    )


def reload(server: RunningServer, *models: str) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(f"model_config_list {{ {' '.join(models)} }}", request.config)
    server.model.HandleReloadConfigRequest(request, timeout=PATIENCE)


def refused(server: RunningServer, *models: str, code: grpc.StatusCode = PRECONDITION) -> str:
    with pytest.raises(grpc.RpcError) as error:
        reload(server, *models)
    assert error.value.code() == code, error.value.details()
    return error.value.details()


def asked(name: str, **which) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest(model_spec={"name": name, **which})
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
    return request


def answers(server: RunningServer, name: str, **which) -> float | grpc.StatusCode:
    try:
        return (
            server.shared_prediction.Predict(asked(name, **which), timeout=PATIENCE).outputs["y"].float_val[0]
        )
    except grpc.RpcError as error:
        return error.code()


VERSION = [{"version": {"value": number}} for number in (0, 1, 2)]


@contextmanager
def asking(server: RunningServer, *specs: dict) -> Iterator[list]:
    """Requests to all of these without a pause; the list of what was not answered rightly."""
    wrong: list = []
    stop = threading.Event()
    expected = {"two": 2.5, "three": 3.5}

    def ask() -> None:
        while not stop.is_set():
            for each in specs:
                if (found := answers(server, **each)) != expected[each["name"]]:
                    wrong.append((each, found))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)
