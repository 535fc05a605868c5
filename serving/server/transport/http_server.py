"""uvicorn inside the server's own event loop."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from models.errors import InputError
from serving.server.options import Options

BACKLOG = 2048
KEEP_ALIVE = 65
"""Seconds; longer than the minute after which common load balancers drop an idle connection."""


class HttpServer:
    """Serves an ASGI application on a socket that is bound at once, so that a taken port is known early."""

    def __init__(self, options: Options):
        """Raises InputError where the port is taken or the host is not this machine's."""
        self._options = options
        self._socket = _bind(options.host, max(options.rest_api_port, 0))
        self.port: int = self._socket.getsockname()[1]
        self._server: _Uvicorn | None = None
        self._serving: asyncio.Task | None = None

    async def start(self, application: Starlette) -> None:
        """Begins to answer. Raises InputError where the TLS files do not fit each other."""
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            http="h11",
            ws="none",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=int(self._options.grace_period_seconds) + 1,
            **_tls(self._options),
        )
        try:
            config.load()
        except (ssl.SSLError, OSError) as error:
            raise InputError(f"--tls_certificate {self._options.tls_certificate}: {error}") from None
        self._server = _Uvicorn(config)
        self._serving = asyncio.create_task(self._server.serve([self._socket]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Takes no more connections and waits for running requests, at most for the grace period."""
        if self._server and self._serving:
            self._server.should_exit = True
            await self._serving
        self._socket.close()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to whoever runs the loop; uvicorn would exit under the gRPC server's feet."""
        yield


def _bind(host: str, port: int) -> socket.socket:
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise InputError(f"--host {host}: {error.strerror or error}") from None
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise InputError(f"--rest_api_port {port}: {error.strerror} on {host}; give another one") from None
    return bound


def _tls(options: Options) -> dict[str, object]:
    if not options.tls_certificate:
        return {}
    return {
        "ssl_certfile": options.tls_certificate,
        "ssl_keyfile": options.tls_key,
        "ssl_ca_certs": options.tls_client_ca,
        "ssl_cert_reqs": ssl.CERT_REQUIRED if options.tls_client_ca else ssl.CERT_NONE,
    }
