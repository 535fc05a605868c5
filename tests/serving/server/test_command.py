"""`vgg serve` as a process: the line when it is ready, its exit status, signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from helpers.serving.running_server import PATIENCE, b64, picture, predict_request
from tensorflow_serving.apis import prediction_service_pb2_grpc

pytestmark = pytest.mark.slow  # importing TensorFlow takes each process seconds

READY = re.compile(r"vgg serve: vgg version (\d+); gRPC (127\.0\.0\.1:\d+); REST (http://127\.0\.0\.1:\d+)\n")
FREE = ["--port", "-1", "--rest_api_port", "-1"]
COMMANDS = {
    "vgg": [str(Path(sys.executable).with_name("vgg")), "serve"],
    "module": [sys.executable, "-m", "serving.server"],
}


@pytest.fixture
def begin(base_path) -> Iterator[Callable]:
    """Starts the command; whatever of it still runs is killed in the end."""
    started = []

    def run(*flags: str, command: str = "module", base: Path | None = base_path) -> subprocess.Popen:
        path = ["--model_base_path", str(base)] if base else []
        process = subprocess.Popen(
            [*COMMANDS[command], *path, *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen) -> re.Match:
    line = process.stdout.readline()
    match = READY.fullmatch(line)
    assert match, line + process.stderr.read()
    return match


def failed(process: subprocess.Popen) -> str:
    """The one line with which it gave up."""
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2, error
    assert out == ""
    # TensorFlow's C++ says how it was built before Python's first line runs.
    (line,) = [line for line in error.splitlines() if line.startswith("vgg")]
    assert "Traceback" not in error
    return line


@pytest.mark.parametrize("command", COMMANDS)
def test_once_ready_it_says_where_and_answers_and_ends_with_0_on_sigterm(begin, command):
    process = begin(*FREE, command=command)
    version, address, url = ready(process).groups()
    assert version == "1"
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert stub.Predict(predict_request([picture(1)]), timeout=PATIENCE).outputs
    body = {"instances": [b64(picture(1))]}
    assert httpx.post(f"{url}/v1/models/vgg:predict", json=body, timeout=PATIENCE).status_code == 200
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error
    assert out == ""
    assert "Traceback" not in error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_requests_are_finished_and_new_ones_refused(begin, number):
    process = begin(*FREE, "--max_batch_size", "4")
    _, address, url = ready(process).groups()
    long = [picture(seed, 256, 256) for seed in range(64)]
    with grpc.insecure_channel(address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        stub.Predict(predict_request(long[:4], "slow"), timeout=PATIENCE)
        request = predict_request(long, "slow")
        body = json.dumps({"signature_name": "slow", "instances": [b64(image) for image in long]})
        rest = []
        sender = threading.Thread(
            target=lambda: rest.append(
                httpx.post(f"{url}/v1/models/vgg:predict", content=body, timeout=PATIENCE)
            )
        )
        running = stub.Predict.future(request, timeout=PATIENCE)
        sender.start()
        wait_until_held(url, request.ByteSize() + len(body))
        process.send_signal(number)
        assert len(running.result().outputs["top_classes"].string_val) == 64 * 5
        sender.join(PATIENCE)
        assert rest[0].status_code == 200
        with pytest.raises(grpc.RpcError) as refused:
            stub.Predict(predict_request(long[:1]), timeout=PATIENCE)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert process.wait(PATIENCE) == 0


def wait_until_held(url: str, length: int) -> None:
    """Until requests of so many bytes are in the server as a whole."""
    while True:
        text = httpx.get(f"{url}/monitoring/prometheus/metrics").text
        if float(re.search(r"^vgg_held_bytes (\S+)", text, re.MULTILINE)[1]) >= length:
            return


def test_sigterm_while_it_waits_for_a_first_version_ends_it(begin, tmp_path):
    process = begin(*FREE, base=tmp_path)
    while "waiting for one" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("flag", ["--port", "--rest_api_port"])
def test_a_taken_port_is_one_clear_line(begin, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        other = "--rest_api_port" if flag == "--port" else "--port"
        line = failed(begin(flag, port, other, "0"))
    assert line.startswith(f"vgg serve: {flag} {port}: ")
    assert line.endswith("give another one")


@pytest.mark.parametrize(
    "flags", [["--fail_if_no_model_versions_found"], ["--file_system_poll_wait_seconds", "-1"]]
)
def test_a_folder_that_must_be_there_and_is_not_is_one_clear_line(begin, tmp_path, flags):
    line = failed(begin(*FREE, *flags, base=tmp_path / "none", command="vgg"))
    assert line.startswith(f"vgg: model vgg: no folder {tmp_path}/none; expected ")


def test_a_model_that_does_not_load_is_one_clear_line(begin, base_path):
    (base_path / "1" / "saved_model.pb").write_bytes(b"no model")
    line = failed(begin(*FREE))
    assert line.startswith(f"vgg serve: model vgg: {base_path}/1 cannot be loaded: ")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "99999"], "--port 99999: expected a port up to 65535"),
        (["--port", "0", "--rest_api_port", "0"], "nothing to listen on"),
        (["--port", "8500", "--rest_api_port", "8500"], "both 8500"),
        (["--max_batch_size", "0"], "--max_batch_size 0: expected at least 1"),
        (["--model_base_path", "models/vgg"], "expected an absolute path"),
    ],
)
def test_flags_that_cannot_be_used_are_one_clear_line(begin, flags, said):
    assert said in failed(begin(*flags))


def test_it_starts_without_the_rest_of_the_project(begin):
    """Where only serving/ and models/ are installed, without TFX."""
    process = begin(*FREE, "--rest_api_port", "-1")
    assert process.stdout.readline().startswith("vgg serve: vgg version 1; gRPC 127.0.0.1:")
    maps = Path(f"/proc/{process.pid}/maps")
    if maps.exists():
        assert "tfx_bsl" not in maps.read_text()
