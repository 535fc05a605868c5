"""Load without a pause while two new versions are pushed: VGG_LOAD_SECONDS=600 for the ten minutes' run."""

import os
import random
import shutil
import threading
import time
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
from helpers.serving.running_server import arrays, b64, picture, predict_request
from helpers.serving.server_process import ServerProcess
from tensorflow_serving.apis import prediction_service_pb2_grpc

from serving.server.versions.warm_up import WARM_UP

SECONDS = float(os.environ.get("VGG_LOAD_SECONDS", "10"))
CLIENTS = 8
PATIENCE = 60
GROWTH = 96
"""MiB: a second model beside the first, and what malloc keeps of it."""


class Client(threading.Thread):
    """One photograph after the other, every other one over REST, until `stop`.

    Attributes:
        seconds: of each request.
        versions: which answered over gRPC.
        wrong: what was not answered, or not as the version in process answers.
    """

    def __init__(self, server: ServerProcess, number: int, pictures: list[bytes], expected: dict):
        super().__init__(daemon=True)
        self.stop = threading.Event()
        self.seconds: list[float] = []
        self.versions: set[int] = set()
        self.wrong: list[str] = []
        self._server, self._pictures, self._expected = server, pictures, expected
        self._random = random.Random(number)

    def run(self) -> None:
        with grpc.insecure_channel(self._server.address) as channel, httpx.Client(timeout=PATIENCE) as rest:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            while not self.stop.is_set():
                row = self._random.randrange(len(self._pictures))
                started = time.monotonic()
                try:
                    if self._random.random() < 0.5:
                        self._over_grpc(stub, row)
                    else:
                        self._over_rest(rest, row)
                except Exception as error:
                    self.wrong.append(repr(error))
                self.seconds.append(time.monotonic() - started)

    def _over_grpc(self, stub: prediction_service_pb2_grpc.PredictionServiceStub, row: int) -> None:
        response = stub.Predict(predict_request([self._pictures[row]]), timeout=PATIENCE)
        version = response.model_spec.version.value
        self.versions.add(version)
        self._compare(arrays(response)["probabilities"][0], row, [version])

    def _over_rest(self, client: httpx.Client, row: int) -> None:
        answer = client.post(
            f"{self._server.url}/v1/models/vgg:predict", json={"instances": [b64(self._pictures[row])]}
        )
        self._compare(answer.json()["predictions"][0]["probabilities"], row, list(self._expected))

    def _compare(self, found, row: int, versions: list[int]) -> None:
        if not any(np.allclose(found, self._expected[each][row], rtol=0, atol=1e-5) for each in versions):
            self.wrong.append(f"picture {row}: {found}")


def push(model: Path, base: Path, version: int) -> None:
    """With its warm-up requests, as models are pushed."""
    hidden = base / f".pushing-{version}"
    shutil.copytree(model, hidden)
    shutil.copy(model.with_name("warm-up"), hidden / WARM_UP)
    hidden.rename(base / str(version))


def _states(server: ServerProcess) -> list[dict]:
    """Of all versions, the newest first."""
    return httpx.get(f"{server.url}/v1/models/vgg", timeout=PATIENCE).json()["model_version_status"]


def _wait_for(server: ServerProcess, version: int) -> None:
    """Until it is the only one: on a busy machine loading takes longer than a quarter of the time."""
    for _ in range(10 * PATIENCE):
        newest, *older = _states(server)
        ended = {each["state"] for each in older} == {"END"}
        if ended and (newest["version"], newest["state"]) == (str(version), "AVAILABLE"):
            return
        time.sleep(0.1)
    raise AssertionError(f"version {version} did not come: {_states(server)}")


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 300)
def test_two_hot_swaps_under_load_fail_no_request_and_keep_no_memory(
    exported_base_path, exported, other_export, in_process
):
    pictures = [picture(seed, 32 + 4 * seed, 60 - 2 * seed) for seed in range(10)]
    answers = [in_process(model)(pictures)["probabilities"] for model in (exported, other_export)]
    expected = {1: answers[0], 2: answers[1], 3: answers[0]}
    with ServerProcess(exported_base_path) as server:
        clients = [Client(server, number, pictures, expected) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(SECONDS / 4)
        memory = [server.memory]
        for version, model in ((2, other_export), (3, exported)):
            push(model, exported_base_path, version)
            _wait_for(server, version)
            time.sleep(SECONDS / 4)
            memory.append(server.memory)
        time.sleep(SECONDS / 4)
        for client in clients:
            client.stop.set()
        for client in clients:
            client.join(PATIENCE)
        memory.append(server.memory)
        states = _states(server)
    seconds = np.array([each for client in clients for each in client.seconds]) * 1000
    p50, p99 = np.percentile(seconds, [50, 99])
    print(
        f"{len(seconds)} requests in {SECONDS:.0f} s from {CLIENTS} clients, p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, longest {seconds.max():.0f} ms, "
        f"memory {', '.join(f'{each:.0f}' for each in memory)} MiB"
    )
    assert not [wrong for client in clients for wrong in client.wrong]
    assert set.union(*(client.versions for client in clients)) == {1, 2, 3}
    assert [state["state"] for state in states] == ["AVAILABLE", "END", "END"]
    assert memory[-1] - memory[0] < GROWTH
