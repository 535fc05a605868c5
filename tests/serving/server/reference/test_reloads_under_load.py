"""Load amid reloads, refused reloads, swaps and late mounts; VGG_LOAD_SECONDS=600 for ten minutes of it."""

import os
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import httpx
import pytest
import tensorflow as tf
from google.protobuf import text_format
from helpers.serving.server_process import ServerProcess
from helpers.serving.toy_models import write_half_plus
from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

SECONDS = float(os.environ.get("VGG_LOAD_SECONDS", "10"))
CLIENTS = 4
PATIENCE = 60
GROWTH = 64
"""MiB that a warm server may still grow by."""

EXPECTED = {"steady": {2.5}, "swapped": {2.5, 3.5}, "pinned": {2.5}}
"""What models answer for 1: `steady` has one version, `swapped` gets new ones, `pinned` is asked by label."""


class Client(threading.Thread):
    """Asks all of EXPECTED in turn, by both protocols, until `stop`.

    Attributes:
        answered: how many requests.
        wrong: what was not answered, or not rightly.
    """

    def __init__(self, server: ServerProcess):
        super().__init__(daemon=True)
        self.stop = threading.Event()
        self.answered = 0
        self.wrong: list[str] = []
        self._server = server

    def run(self) -> None:
        with grpc.insecure_channel(self._server.address) as channel, httpx.Client(timeout=PATIENCE) as rest:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            while not self.stop.is_set():
                for name, expected in EXPECTED.items():
                    for ask in (self._by_grpc, self._by_rest):
                        try:
                            found = ask(stub if ask == self._by_grpc else rest, name)
                        except Exception as error:
                            found = repr(error)
                        if found not in expected:
                            self.wrong.append(f"{name}: {found}")
                        self.answered += 1

    def _by_grpc(self, stub, name: str) -> float:
        request = predict_pb2.PredictRequest(model_spec={"name": name})
        if name == "pinned":
            request.model_spec.version_label = "stable"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
        return stub.Predict(request, timeout=PATIENCE).outputs["y"].float_val[0]

    def _by_rest(self, rest: httpx.Client, name: str) -> float:
        label = "/labels/stable" if name == "pinned" else ""
        answer = rest.post(f"{self._server.url}/v1/models/{name}{label}:predict", json={"instances": [1.0]})
        return answer.json()["predictions"][0]


class Operator:
    """Changes what is served, one change after the other, and counts what it did."""

    def __init__(self, server: ServerProcess, base: Path, models: list[Path]):
        self.done: Counter = Counter()
        self._server, self._base, self._models = server, base, models
        self._channel = grpc.insecure_channel(server.address)
        self._service = model_service_pb2_grpc.ModelServiceStub(self._channel)
        self._newest = 1

    def close(self) -> None:
        self._channel.close()

    def round(self) -> None:
        """Each kind of change once."""
        for versions in ("specific { versions: 1 }", "all {}"):
            self._reload(pinned=versions)
        assert self._reload(label=9) == grpc.StatusCode.FAILED_PRECONDITION
        assert self._reload(pinned="specific { versions: 2 }") == grpc.StatusCode.FAILED_PRECONDITION
        assert self._reload("absent") == grpc.StatusCode.FAILED_PRECONDITION
        self._swap()
        self._mount_late()

    def _reload(self, *more: str, pinned: str = "all {}", label: int = 1) -> grpc.StatusCode:
        request = model_management_pb2.ReloadConfigRequest()
        text_format.Parse(configuration(self._base, *more, pinned=pinned, label=label), request.config)
        try:
            self._service.HandleReloadConfigRequest(request, timeout=PATIENCE)
            code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            code = error.code()
        self.done[f"reload {code.name}"] += 1
        return code

    def _swap(self) -> None:
        self._newest += 1
        hidden = self._base / "swapped" / ".pushing"
        shutil.copytree(self._models[self._newest % 2], hidden)
        hidden.rename(self._base / "swapped" / str(self._newest))
        self._until("swapped", str(self._newest))
        shutil.rmtree(self._base / "swapped" / str(self._newest - 1))
        self.done["swap"] += 1

    def _mount_late(self) -> None:
        """A model of the configuration file whose folder comes later; then it is taken out again."""
        file = self._base / "models.config"
        write(file, configuration(self._base, "late"))
        while not any("config_refused" in line for line in self._server.errors):
            time.sleep(0.05)
        shutil.copytree(self._models[0], self._base / "late" / "1")
        self._until("late", "1")
        write(file, configuration(self._base))
        self._until("late", "1", "END")
        shutil.rmtree(self._base / "late")
        self._server.errors.clear()
        self.done["late mount"] += 1

    def _until(self, model: str, version: str, state: str = "AVAILABLE") -> None:
        end = time.monotonic() + PATIENCE
        while True:
            answer = httpx.get(f"{self._server.url}/v1/models/{model}", timeout=PATIENCE).json()
            found = {each["version"]: each["state"] for each in answer.get("model_version_status", ())}
            if found.get(version) == state:
                return
            assert time.monotonic() < end, f"{model} {version} {state}: {answer}"
            time.sleep(0.05)


def configuration(base: Path, *more: str, pinned: str = "all {}", label: int = 1) -> str:
    models = "".join(
        f'config {{ name: "{name}" base_path: "{base}/{name}" }}' for name in ("steady", "swapped", *more)
    )
    return (
        f'model_config_list {{ {models} config {{ name: "pinned" base_path: "{base}/pinned" '
        f'model_version_policy {{ {pinned} }} version_labels {{ key: "stable" value: {label} }} }} }}'
    )


def write(file: Path, text: str) -> None:
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").rename(file)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_no_request_fails_and_none_is_wrong_whatever_the_operator_does(tmp_path):
    models = [tmp_path / "models" / str(constant) for constant in (2, 3)]
    for model in models:
        write_half_plus(model, int(model.name))
    base = tmp_path / "served"
    for name, number, model in (("steady", 1, 0), ("swapped", 1, 1), ("pinned", 1, 0), ("pinned", 2, 1)):
        shutil.copytree(models[model], base / name / str(number))
    write(base / "models.config", configuration(base))
    flags = [f"--model_config_file={base}/models.config", "--model_config_file_poll_wait_seconds=0.1"]
    with ServerProcess(base, *flags, "--file_system_poll_wait_seconds=0.1") as server:
        clients = [Client(server) for _ in range(CLIENTS)]
        operator = Operator(server, base, models)
        for client in clients:
            client.start()
        memory = []
        begun = time.monotonic()
        while len(memory) < 3 or time.monotonic() - begun < SECONDS:
            operator.round()
            memory.append(server.memory)
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join(PATIENCE)
        operator.close()
    warm = memory[len(memory) // 4]
    print(
        f"{sum(client.answered for client in clients)} requests in {time.monotonic() - begun:.0f} s, "
        f"{dict(operator.done)}, memory {memory[0]:.0f}, {warm:.0f}, {memory[-1]:.0f} MiB"
    )
    assert [wrong for client in clients for wrong in client.wrong] == []
    assert memory[-1] - warm < GROWTH
