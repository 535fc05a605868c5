"""A server in this process, on a thread of its own, and requests to it over gRPC and REST."""

import asyncio
import base64
import io
import ssl
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import grpc
import httpx
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from serving.server.event_log import EventLog
from serving.server.options import Options
from serving.server.server import Server

PATIENCE = 60
"""Seconds after which a test gives up on the server."""


@cache
def _verified_by_default() -> ssl.SSLContext:
    """httpx reads all of the machine's authorities anew for each client, of http too: 0.03 s."""
    return httpx.create_ssl_context()


class RunningServer:
    """`vgg serve` on free ports of this machine; `options` are its flags."""

    def __init__(self, base_path: Path | str | None, **options):
        given = {"port": -1, "rest_api_port": -1, "file_system_poll_wait_seconds": 0.05}
        self._begin(Options(model_base_path=base_path and str(base_path), **{**given, **options}))

    @classmethod
    def of(cls, options: Options) -> "RunningServer":
        """With these flags and no others."""
        server = cls.__new__(cls)
        server._begin(options)
        return server

    def _begin(self, options: Options) -> None:
        self.log = io.StringIO()
        self.said: list[str] = []
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._closing: list = []

    def __enter__(self) -> "RunningServer":
        self._thread.start()
        try:
            self.server = self.on_loop(self._make())
            self.on_loop(self.server.start(self.said.append))
        except BaseException:
            self._end_loop()
            raise
        return self

    def __exit__(self, *_) -> None:
        for client in self._closing:
            client.close()
        self.on_loop(self.server.stop())
        self._end_loop()

    def on_loop(self, coroutine):
        """Runs a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.grpc_port}"

    @property
    def url(self) -> str:
        scheme = "https" if self._options.tls_certificate else "http"
        return f"{scheme}://127.0.0.1:{self.server.rest_port}"

    @property
    def prediction(self) -> prediction_service_pb2_grpc.PredictionServiceStub:
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel())

    @property
    def model(self) -> model_service_pb2_grpc.ModelServiceStub:
        return model_service_pb2_grpc.ModelServiceStub(self.channel())

    def channel(self) -> grpc.Channel:
        channel = grpc.insecure_channel(self.address, options=[("grpc.max_receive_message_length", -1)])
        self._closing.append(channel)
        return channel

    def rest(self, **options) -> httpx.Client:
        options.setdefault("verify", _verified_by_default())
        client = httpx.Client(base_url=self.url, timeout=PATIENCE, **options)
        self._closing.append(client)
        return client

    @cached_property
    def shared_rest(self) -> httpx.Client:
        """One connection for many requests."""
        return self.rest()

    @cached_property
    def shared_prediction(self) -> prediction_service_pb2_grpc.PredictionServiceStub:
        """The same for gRPC."""
        return self.prediction

    def raw_post(self, path: str, content: bytes) -> httpx.Response:
        """To a path exactly as it is written: httpx would encode and decode it."""
        url = httpx.URL(self.url).copy_with(raw_path=path.encode("ascii"))
        return self.shared_rest.post(url, content=content)

    def states(self, name: str = "vgg") -> dict[int, str]:
        """State of each version by its number."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = name
        return {
            each.version: get_model_status_pb2.ModelVersionStatus.State.Name(each.state)
            for each in self.model.GetModelStatus(request, timeout=PATIENCE).model_version_status
        }

    async def _make(self) -> Server:
        return Server(self._options, log=EventLog(self.log))

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


def picture(seed: int, height: int = 40, width: int = 50, form: str = "JPEG") -> bytes:
    """A coarse pattern, so that the net's answers differ from image to image."""
    coarse = Image.fromarray(np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8))
    buffer = io.BytesIO()
    coarse.resize((width, height)).save(buffer, form)
    return buffer.getvalue()


def predict_request(
    images: Sequence[bytes], signature: str = "", version: int | None = None, name: str = "vgg"
) -> predict_pb2.PredictRequest:
    """Of the input `image_bytes`."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if version is not None:
        request.model_spec.version.value = version
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(list(images), tf.string, [len(images)]))
    return request


def arrays(response: predict_pb2.PredictResponse) -> dict[str, np.ndarray]:
    """By name of the output."""
    return {name: tf.make_ndarray(proto) for name, proto in response.outputs.items()}


def b64(image: bytes) -> dict[str, str]:
    """As JSON carries it."""
    return {"b64": base64.b64encode(image).decode()}
