"""The gRPC server: the two services and the health service, on one port."""

from collections.abc import Sequence

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from models.errors import InputError
from serving.server.options import Options
from serving.server.protocol import model_service, prediction_service

Status = health_pb2.HealthCheckResponse
SERVICES = ("", prediction_service.NAME, model_service.NAME, "PredictionService", "ModelService")
"""That the health service knows: the server as a whole, the services, and TF Serving's names for them."""

STREAMS = 256
"""Requests at a time on one connection; more wait in the client."""


class GrpcServer:
    """Serves on a port that is bound at once, so that a taken one is known early.

    Attributes:
        port: None without one.
    """

    def __init__(self, options: Options, credentials: grpc.ServerCredentials | None):
        """Raises InputError where the port is taken, the host not this machine's, or TLS not usable."""
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", options.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_concurrent_streams", STREAMS),
                # Without this two servers could share a port, each getting half of the requests.
                ("grpc.so_reuseport", 0),
                *_arguments(options.grpc_channel_arguments),
            ]
        )
        self._health = health.aio.HealthServicer()
        self._credentials = credentials
        self.port = self._bind_port(options) if options.port else None
        if options.grpc_socket_path:
            self._bind(f"unix:{options.grpc_socket_path}", f"--grpc_socket_path {options.grpc_socket_path}")

    async def start(self, services: Sequence[grpc.GenericRpcHandler]) -> None:
        """Begins to answer; its health is NOT_SERVING until told otherwise."""
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._server.add_generic_rpc_handlers(tuple(services))
        await self.set_healthy(False)
        await self._server.start()

    async def set_healthy(self, healthy: bool) -> None:
        """What the health service says."""
        for name in SERVICES:
            await self._health.set(name, Status.SERVING if healthy else Status.NOT_SERVING)

    async def stop(self, grace: float) -> None:
        """Takes no more requests, and waits for running ones at most `grace` seconds."""
        await self._server.stop(grace)

    def _bind_port(self, options: Options) -> int:
        host = f"[{options.host}]" if ":" in options.host else options.host
        return self._bind(f"{host}:{max(options.port, 0)}", f"--port {options.port}")

    def _bind(self, address: str, flag: str) -> int:
        try:
            if self._credentials:
                port = self._server.add_secure_port(address, self._credentials)
            else:
                port = self._server.add_insecure_port(address)
        except RuntimeError:
            port = 0
        if not port:
            reason = "taken, not this machine's" + (
                ", or the TLS files do not fit" if self._credentials else ""
            )
            raise InputError(f"{flag}: {address} is {reason}; give another one")
        return port


def _arguments(text: str) -> list[tuple[str, int | str]]:
    """Of --grpc_channel_arguments. Raises InputError."""
    found = []
    for argument in filter(None, text.split(",")):
        name, equals, value = argument.partition("=")
        if not name or not equals:
            raise InputError(
                f"--grpc_channel_arguments {text}: expected NAME=VALUE, with commas between them"
            )
        found.append((name.strip(), int(value) if value.strip().lstrip("-").isdigit() else value))
    return found
