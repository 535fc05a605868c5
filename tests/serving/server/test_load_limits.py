"""More requests, longer ones and slower ones than the server takes."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
from helpers.serving.running_server import PATIENCE, RunningServer, b64, picture, predict_request

from serving.server.errors import ServingError

IMAGE = picture(1)
BODY = {"instances": [b64(IMAGE)]}
PATH = "/v1/models/vgg:predict"


class Held:
    """The model of a server: it counts what it computes, and computes nothing until it is let go."""

    def __init__(self, server: RunningServer):
        self._servable = server.server.registry.models["vgg"].choose().servable
        self._run, self._free = self._servable.run, threading.Event()
        self.running = threading.Semaphore(0)
        self.items = 0
        self._servable.run = self._count

    def _count(self, signature, inputs, deadline=None):
        self.items += len(inputs["image_bytes"])
        self.running.release()
        assert self._free.wait(PATIENCE)
        return self._run(signature, inputs, deadline)

    def let_go(self) -> None:
        self._free.set()


@pytest.fixture
def busy(start):
    """A server with one thread, which is computing, and one place in the queue; and its model."""
    server = start(num_batch_threads=1, max_enqueued_requests=1)
    held = Held(server)
    first = server.prediction.Predict.future(predict_request([IMAGE]), timeout=PATIENCE)
    assert held.running.acquire(timeout=PATIENCE)
    yield server, held
    held.let_go()
    first.result()


def code_of(future: grpc.Future) -> grpc.StatusCode:
    return future.exception(PATIENCE).code()


def wait_for_queue(server: RunningServer, length: int) -> None:
    end = time.monotonic() + PATIENCE
    while f"vgg_waiting_requests {length}.0" not in server.server.metrics.text().decode():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_full_queue_refuses_at_once_over_grpc_and_rest(busy):
    server, held = busy
    waiting = server.prediction.Predict.future(predict_request([IMAGE]), timeout=PATIENCE)
    wait_for_queue(server, 1)
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    answer = server.rest().post(PATH, json=BODY)
    assert not waiting.done()  # so they were refused before anything was computed
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answer.status_code == 429
    assert "1 requests are waiting" in answer.json()["error"]
    held.let_go()
    assert waiting.result(PATIENCE).outputs


def test_a_request_whose_deadline_passes_in_the_queue_is_not_computed(busy):
    server, held = busy
    late = server.prediction.Predict.future(predict_request([IMAGE]), timeout=0.3)
    assert code_of(late) == grpc.StatusCode.DEADLINE_EXCEEDED
    wait_for_queue(server, 0)
    held.let_go()
    server.prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    assert held.items == 2


def test_a_request_that_is_cancelled_in_the_queue_is_not_computed(busy):
    server, held = busy
    gone = server.prediction.Predict.future(predict_request([IMAGE]), timeout=PATIENCE)
    wait_for_queue(server, 1)
    gone.cancel()
    wait_for_queue(server, 0)
    held.let_go()
    server.prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    assert held.items == 2


def test_a_rest_client_that_hangs_up_in_the_queue_is_not_computed(busy):
    server, held = busy
    body = server.rest().build_request("POST", PATH, json=BODY)
    with socket.create_connection(("127.0.0.1", server.server.rest_port)) as connection:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body.content)}\r\n\r\n"
        connection.sendall(head.encode() + body.content)
        wait_for_queue(server, 1)
    wait_for_queue(server, 0)
    held.let_go()
    server.prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    assert held.items == 2
    assert '"code": "CANCELLED"' in server.log.getvalue()


def test_a_long_request_whose_client_goes_ends_after_the_part_that_is_computed(start):
    server = start(num_batch_threads=1, max_batch_size=2)
    held = Held(server)
    long = server.prediction.Predict.future(predict_request([IMAGE] * 10), timeout=PATIENCE)
    assert held.running.acquire(timeout=PATIENCE)
    long.cancel()
    while '"CANCELLED"' not in server.log.getvalue():
        time.sleep(0.01)
    held.let_go()
    server.prediction.Predict(predict_request([IMAGE]), timeout=PATIENCE)
    assert held.items == 2 + 1


def seconds_of(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def test_a_deadline_ends_what_is_being_computed(start):
    servable = start().server.registry.models["vgg"].choose().servable
    signature = servable.signature("slow")
    inputs = {"image_bytes": np.array([picture(seed) for seed in range(4)], object)}
    taken = min(seconds_of(lambda: servable.run(signature, inputs)) for _ in range(4))
    with pytest.raises(ServingError) as error:
        servable.run(signature, inputs, time.monotonic() + taken / 8)
    assert error.value.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert servable.run(signature, inputs, time.monotonic() + PATIENCE)["probabilities"].shape == (4, 7)


def test_a_rest_request_that_takes_too_long_gets_504(start):
    server = start(rest_api_timeout_in_ms=300)
    held = Held(server)
    answer = server.rest().post(PATH, json=BODY)
    assert answer.status_code == 504
    assert "0.3 s" in answer.json()["error"]
    held.let_go()


def test_a_message_over_the_limit_is_refused(start):
    server = start(max_message_bytes=100_000)
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request([bytes(200_000)]))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    for content in (bytes(200_000), iter([bytes(1000)] * 200)):  # with its length declared, and chunked
        answer = server.rest().post(PATH, content=content)
        assert answer.status_code == 400
        assert answer.json()["error"] == "the body is longer than 100000 bytes (--max_message_bytes)"
    assert server.rest().post(PATH, json=BODY).status_code == 200


def test_the_sender_of_a_long_body_gets_to_read_the_refusal(start):
    """Longer than what the sockets between them hold, so it must be read for its sender to get that far."""
    server = start(max_message_bytes=2**21)
    # httpx would read the answer even after it failed to send; most clients do not.
    connection = http.client.HTTPConnection("127.0.0.1", server.server.rest_port, timeout=PATIENCE)
    connection.request("POST", PATH, body=bytes(15 * 2**20))
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"the body is longer than" in answer.read()
    connection.close()


def test_more_bytes_than_may_be_held_are_refused(start):
    server = start(max_held_bytes=100_000)
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request([bytes(200_000)]))
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "of requests are held" in error.value.details()
    assert server.rest().post(PATH, content=bytes(200_000)).status_code == 429
    assert server.rest().post(PATH, json=BODY).status_code == 200
    assert "vgg_held_bytes 0.0" in server.server.metrics.text().decode()


def test_many_clients_at_once_all_get_answers(start):
    server = start()
    stub = server.prediction
    rest = server.rest()

    def ask(number: int) -> bool:
        if number % 2:
            return len(stub.Predict(predict_request([picture(number)]), timeout=PATIENCE).outputs) == 3
        return rest.post(PATH, json={"instances": [b64(picture(number))]}).status_code == 200

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(100)))
