"""Where `vgg predict` gets its answers: a server over gRPC or REST, or the pushed model in this process.

Each is a context of a function from an image's bytes to its best classes. It raises ImageError where the
image is at fault, else what ends the command: InputError or ComponentError.
"""

import ssl
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.exit_status import named
from pipeline.prediction.photographs import ImageError
from pipeline.prediction.refusals import REST_CODES, BusyError, refusal, rest_error, stated_reason
from serving import client

Best = list[tuple[str, float]]
Predictor = Callable[[bytes], Best]

WAITS = (0.5, 1, 2, 4)  # seconds, while the server's queue is full


@dataclass(frozen=True)
class Server:
    """A server and how to reach it.

    Attributes:
        address: HOST:PORT.
        model: the name that it serves the model under.
        timeout: seconds that one answer may take.
        authority: PEM file of the certificate authority for TLS; None for no TLS.
        token: bearer token, or None.
    """

    address: str
    model: str
    timeout: float
    authority: Path | None = None
    token: str | None = None


@contextmanager
def over_grpc(server: Server, signature: str) -> Iterator[Predictor]:
    """One channel for all images; its end cancels what is under way."""
    import grpc

    asked = {"model": server.model, "signature": signature, "timeout": server.timeout, "token": server.token}

    def ask(image: bytes) -> Best:
        try:
            return client.classify([image], channel=channel, **asked)[0]
        except grpc.RpcError as error:
            raise refusal(server.address, error.code().name, error.details() or "") from None

    if server.authority:
        _tls_context(server.authority)  # which says what gRPC would not
        credentials = grpc.ssl_channel_credentials(server.authority.read_bytes())
        channel = grpc.secure_channel(server.address, credentials)
    else:
        channel = grpc.insecure_channel(server.address)
    with channel:
        yield lambda image: _patiently(ask, image)


@contextmanager
def over_rest(server: Server, signature: str) -> Iterator[Predictor]:
    """The same by TF Serving's REST paths."""
    tls = _tls_context(server.authority) if server.authority else None
    address = f"{'https' if tls else 'http'}://{server.address}"
    asked = {"signature": signature, "timeout": server.timeout, "token": server.token, "tls": tls}

    def ask(image: bytes) -> Best:
        try:
            return client.classify_by_rest([image], address, server.model, **asked)[0]
        except urllib.error.HTTPError as error:
            code = REST_CODES.get(error.code, f"HTTP status {error.code}")
            raise refusal(server.address, code, rest_error(error.msg)) from None
        except (OSError, ValueError, KeyError) as error:  # the last two: no answer of a model server
            cause = getattr(error, "reason", error)
            code = "DEADLINE_EXCEEDED" if isinstance(cause, TimeoutError) else "UNAVAILABLE"
            raise refusal(server.address, code, str(cause)) from None

    yield lambda image: _patiently(ask, image)


@contextmanager
def in_process(model: Path, signature: str) -> Iterator[Predictor]:
    """The SavedModel in folder `model`.

    Raises:
        InputError: it does not load, or has no such signature.
    """
    with quiet_imports():
        import tensorflow as tf
    try:
        run = tf.saved_model.load(str(model)).signatures[signature]
    except KeyError:
        raise InputError(f"model {model}: has no signature {signature}; push it again") from None
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise InputError(f"model {model}: does not load ({named(error)}); push it again") from None

    def predict(image: bytes) -> Best:
        try:
            outputs = run(image_bytes=tf.constant([image]))
        except tf.errors.InvalidArgumentError as error:
            raise ImageError(stated_reason(error.message)) from None
        names, values = (outputs[name].numpy()[0] for name in client.BEST)
        return [(name.decode(), float(value)) for name, value in zip(names, values, strict=True)]

    yield predict


def newest_version(base: Path) -> Path:
    """The folder of the newest pushed version below `base`, or `base` where it is such a folder itself.

    Raises:
        InputError: there is none.
    """
    if (base / "saved_model.pb").is_file():
        return base
    folders = base.iterdir() if base.is_dir() else ()
    versions = [path for path in folders if path.name.isdecimal() and (path / "saved_model.pb").is_file()]
    if not versions:
        raise InputError(
            f"model {base}: no pushed version in it; expected VERSION/saved_model.pb; run `vgg run` first, "
            "or name another folder with --model or a server with --server"
        )
    return max(versions, key=lambda path: int(path.name))


def _patiently(ask: Predictor, image: bytes) -> Best:
    for wait in WAITS:
        try:
            return ask(image)
        except BusyError:
            time.sleep(wait)
    return ask(image)


def _tls_context(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (ssl.SSLError, OSError) as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(f"--tls-ca {authority}: {why}; expected a PEM file") from None
