"""Mutated photographs, messages and JSON through a real server: it answers each, and goes on."""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import numpy as np
import pytest
from helpers.serving.mutations import body, image_request, message, photographs
from helpers.serving.running_server import arrays, picture, predict_request
from helpers.serving.server_process import ServerProcess
from tensorflow_serving.apis import prediction_service_pb2_grpc

INPUTS = int(os.environ.get("VGG_FUZZ_INPUTS", "20000"))
CLIENTS = 8
PATIENCE = 60
GROWTH = 64
"""MiB that a warm server may still grow by."""

CODES = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.FAILED_PRECONDITION,  # an unknown signature
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}
STATUSES = {200, 400, 404, 429}
PREDICT = "/tensorflow.serving.PredictionService/Predict"


class Sender:
    """Sends inputs by their number and counts the answers."""

    def __init__(self, server: ServerProcess):
        self.answers: Counter = Counter()
        self._images = photographs()
        self._url = server.url
        self._local = threading.local()
        self._channel = grpc.insecure_channel(server.address)
        self._predict = self._channel.unary_unary(PREDICT)

    def send(self, number: int) -> None:
        source = random.Random(number)
        kind = number % 10
        if kind < 4:
            self._grpc(image_request(source, self._images))
        elif kind < 7:
            self._grpc(message(source, self._images))
        else:
            self._rest(body(source, self._images))

    def close(self) -> None:
        self._channel.close()

    def _grpc(self, request: bytes) -> None:
        try:
            self._predict(request, timeout=PATIENCE)
            code = grpc.StatusCode.OK
        except grpc.RpcError as error:
            code = error.code()
        self.answers[code] += 1

    def _rest(self, content: bytes) -> None:
        if not hasattr(self._local, "client"):
            self._local.client = httpx.Client(base_url=self._url, timeout=PATIENCE)
        answer = self._local.client.post("/v1/models/vgg:predict", content=content)
        self.answers[answer.status_code] += 1
        if answer.status_code != 200:
            assert answer.json().keys() == {"error"}


@pytest.mark.slow
def test_mutated_inputs_are_all_answered_and_the_server_goes_on(exported_base_path, exported, in_process):
    with ServerProcess(exported_base_path) as server, ThreadPoolExecutor(CLIENTS) as clients:
        sender = Sender(server)
        warm = INPUTS // 4
        list(clients.map(sender.send, range(warm)))
        memory = server.memory
        list(clients.map(sender.send, range(warm, INPUTS)))
        grown = server.memory - memory
        sender.close()
        with grpc.insecure_channel(server.address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            found = arrays(stub.Predict(predict_request([picture(1)]), timeout=PATIENCE))["probabilities"]
        assert server.is_running
    print(f"{INPUTS} inputs, {grown:.1f} MiB grown from {memory:.0f}: {dict(sender.answers)}")
    assert not [line for line in server.errors if "internal_error" in line or "Traceback" in line]
    assert sum(sender.answers.values()) == INPUTS
    assert sender.answers.keys() <= CODES | STATUSES
    assert {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, 200, 400} <= sender.answers.keys()
    assert grown < GROWTH
    assert not [line for line in server.errors if "internal_error" in line or "Traceback" in line]
    np.testing.assert_allclose(found, in_process(exported)([picture(1)])["probabilities"], rtol=0, atol=1e-6)
