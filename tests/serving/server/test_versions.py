"""Versions come and go on the disk while requests are answered."""

import shutil
import threading

import grpc
import numpy as np
import pytest
from helpers.serving.pushed_versions import code_of, push, wait_until
from helpers.serving.running_server import PATIENCE, RunningServer, arrays, predict_request
from tensorflow_serving.apis import get_model_status_pb2

from models.errors import InputError


class Stream:
    """Requests from several threads without a pause, until it is left."""

    def __init__(self, server: RunningServer, image: bytes, threads: int = 2):
        self.answers: list[tuple[int, np.ndarray]] = []
        self.errors: list[grpc.RpcError] = []
        self._server, self._image, self._stop = server, image, threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(threads)]

    def __enter__(self) -> "Stream":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _send(self) -> None:
        stub, request = self._server.prediction, predict_request([self._image])
        while not self._stop.is_set():
            try:
                response = stub.Predict(request, timeout=PATIENCE)
            except grpc.RpcError as error:
                self.errors.append(error)
            else:
                version = response.model_spec.version.value
                self.answers.append((version, arrays(response)["probabilities"][0]))


def test_a_new_version_is_swapped_in_without_a_failed_request(start, base_path, models, pictures, in_process):
    server = start()
    expected = {number: in_process(models[number - 1])(pictures[:1])["probabilities"][0] for number in (1, 2)}
    with Stream(server, pictures[0]) as stream:
        wait_until(lambda: len(stream.answers) > 20)
        push(models[1], base_path, 2)
        wait_until(lambda: server.states() == {1: "END", 2: "AVAILABLE"})
        seen = len(stream.answers)
        wait_until(lambda: len(stream.answers) > seen + 20)
    assert not stream.errors
    assert {version for version, _ in stream.answers} == {1, 2}
    for version, probabilities in stream.answers:
        np.testing.assert_allclose(probabilities, expected[version], rtol=0, atol=1e-6)


def test_the_old_version_is_unloaded_when_its_last_request_is_done(start, base_path, models, pictures):
    server = start()
    version = server.server.registry.models["vgg"].choose()
    closed = threading.Event()
    close, servable = version.servable.close, version.servable
    servable.close = lambda: (closed.set(), close())
    version.__enter__()
    push(models[1], base_path, 2)
    wait_until(lambda: server.states() == {1: "UNLOADING", 2: "AVAILABLE"})
    assert not closed.is_set()
    server.on_loop(_leave(version))
    assert closed.wait(PATIENCE)
    wait_until(lambda: server.states() == {1: "END", 2: "AVAILABLE"})
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request(pictures, version=1))
    assert code_of(error) == grpc.StatusCode.NOT_FOUND


async def _leave(version) -> None:
    version.__exit__()


def test_a_version_that_does_not_load_is_told_of_and_the_old_one_answers_on(
    start, base_path, models, pictures
):
    server = start()
    shutil.copytree(models[1], base_path / ".half")
    (base_path / ".half" / "saved_model.pb").write_bytes(b"no model")
    (base_path / ".half").rename(base_path / "2")
    wait_until(lambda: server.states() == {1: "AVAILABLE", 2: "END"})
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "vgg"
    status = server.model.GetModelStatus(request).model_version_status[0].status
    assert status.error_code != 0
    assert "saved_model.pb" in status.error_message
    assert server.prediction.Predict(predict_request(pictures)).model_spec.version.value == 1
    assert server.log.getvalue().count('"version_failed"') == 1


def test_a_version_that_was_not_complete_is_loaded_when_it_is(start, base_path, models):
    server = start()
    (base_path / "2").mkdir()
    wait_until(lambda: server.states() == {1: "AVAILABLE", 2: "END"})
    shutil.copytree(models[1] / "variables", base_path / "2" / "variables")
    shutil.copy(models[1] / "saved_model.pb", base_path / "2" / "saved_model.pb")
    wait_until(lambda: server.states() == {1: "END", 2: "AVAILABLE"})


def test_without_the_newest_the_one_before_is_served_again(start, base_path, models):
    push(models[1], base_path, 2)
    server = start()
    assert server.states() == {2: "AVAILABLE"}
    (base_path / "2").rename(base_path / "was-2")
    wait_until(lambda: server.states().get(1) == "AVAILABLE")


def test_an_emptied_folder_changes_nothing(start, base_path, pictures):
    server = start()
    (base_path / "1").rename(base_path / "was-1")
    server.on_loop(server.server.registry.models["vgg"].poll())
    assert server.prediction.Predict(predict_request(pictures)).model_spec.version.value == 1


def test_at_the_start_the_newest_that_loads_is_served(start, base_path):
    (base_path / "7").mkdir()
    assert start().states() == {7: "END", 1: "AVAILABLE"}


def test_folders_whose_names_are_no_decimal_numbers_are_left_alone(start, base_path, models):
    for name in (".pushing-9", "9-old", "latest", "٩", "9e1", "-9"):
        shutil.copytree(models[1], base_path / name)
    assert start().states() == {1: "AVAILABLE"}


def test_a_server_without_a_version_waits_for_the_first(tmp_path, models, pictures):
    server = RunningServer(tmp_path)
    thread = threading.Thread(target=server.__enter__)
    thread.start()
    wait_until(lambda: server.said != [])
    assert server.said == [f"no version in {tmp_path} (a folder named by a decimal number); waiting for one"]
    with pytest.raises(grpc.RpcError) as error:
        server.prediction.Predict(predict_request(pictures))
    assert code_of(error) == grpc.StatusCode.UNAVAILABLE
    push(models[0], tmp_path, 5)
    thread.join(PATIENCE)
    assert server.prediction.Predict(predict_request(pictures)).model_spec.version.value == 5
    server.__exit__()


def test_a_server_that_may_not_wait_says_what_is_missing(tmp_path):
    with pytest.raises(InputError, match="no version in .*push a model there first"):
        RunningServer(tmp_path, fail_if_no_model_versions_found=True).__enter__()


def test_a_server_whose_only_version_does_not_load_says_so(tmp_path):
    (tmp_path / "3").mkdir()
    with pytest.raises(InputError, match="/3 cannot be loaded: .*saved_model.pb"):
        RunningServer(tmp_path).__enter__()
