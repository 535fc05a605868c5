"""A model server on this machine for as long as somebody needs it: TF Serving's where it is installed, else
`vgg serve`.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

TF_SERVING = "tensorflow_model_server"
NAME = "vgg"
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_END = 30
State = get_model_status_pb2.ModelVersionStatus.State


class NotServable(RuntimeError):  # noqa: N818 - what the model is
    """A server does not load a model, or answers wrongly; the message is one line that says why."""


def server_command() -> list[str]:
    """The program to start, without its flags."""
    installed = shutil.which(TF_SERVING)
    return [installed] if installed else [sys.executable, "-m", "serving.server"]


class ModelServer:
    """A context in which the newest version below `base_path` is served on loopback.

    Attributes:
        address: of gRPC, HOST:PORT.
        rest: of REST, a URL.
    """

    def __init__(self, base_path: str, *, loads_within: float = 600.0, command: Sequence[str] | None = None):
        """Args:
        base_path: TF Serving's model base path.
        loads_within: seconds until the model must be served.
        command: the server to start, in place of `server_command`.
        """
        grpc_port, rest_port = _free_ports(2)
        self.address, self.rest = f"127.0.0.1:{grpc_port}", f"http://127.0.0.1:{rest_port}"
        self._loads_within = loads_within
        self._command = [
            *(command or server_command()),
            *(f"--model_name={NAME}", f"--model_base_path={base_path}"),
            *(f"--port={grpc_port}", f"--rest_api_port={rest_port}"),
        ]

    def __enter__(self) -> "ModelServer":
        """Starts it and waits until it serves.

        Raises:
            NotServable: it ended, reports that the model does not load, or takes too long.
        """
        with ExitStack() as stack:
            self._log = stack.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.DEVNULL, stderr=self._log, stdin=subprocess.DEVNULL
            )
            stack.callback(self._end)
            self._wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def _wait(self) -> None:
        deadline = time.monotonic() + self._loads_within
        with grpc.insecure_channel(self.address) as channel:
            service = model_service_pb2_grpc.ModelServiceStub(channel)
            while not self._serves(service):
                if self._process.poll() is not None:
                    raise NotServable(
                        f"the server ended with status {self._process.returncode}: {self._last()}"
                    )
                if time.monotonic() > deadline:
                    raise NotServable(f"not loaded within {self._loads_within:.0f} s: {self._last()}")
                time.sleep(SECONDS_BETWEEN_LOOKS)

    def _serves(self, service: model_service_pb2_grpc.ModelServiceStub) -> bool:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = NAME
        try:
            found = service.GetModelStatus(request, timeout=10).model_version_status
        except grpc.RpcError:  # it does not listen yet
            return False
        for version in found:
            if version.state == State.END and version.status.error_code:
                raise NotServable(f"the model does not load: {version.status.error_message.splitlines()[0]}")
        return any(version.state == State.AVAILABLE for version in found)

    def _last(self) -> str:
        """What the server wrote last."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different; another process may still take one meanwhile."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
