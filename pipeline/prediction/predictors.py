"""Where `vgg predict` gets its answers: a server over gRPC or REST, or the pushed model in this process.

Each is a context of a function from an image's bytes to the answer of each Question: its best classes, its
descriptor. It raises ImageError where the image is at fault, else what ends the command: InputError or
ComponentError.
"""

import ssl
import time
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.exit_status import ComponentError, named
from pipeline.prediction.photographs import ImageError
from pipeline.prediction.refusals import NO_BOXES, REST_CODES, BusyError, refusal, rest_error, stated_reason
from pipeline.store_path import Place
from serving import client, describing, locating

Best = list[tuple[str, float]]
Predictor = Callable[[bytes], list]

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


@dataclass(frozen=True)
class Question:
    """What is asked of an image, by each way.

    Attributes:
        signature: of the exported model.
        over_grpc, over_rest: functions of serving; of [image] and a Server's fields, to a list of one answer.
        of_outputs: of the signature's outputs for one image, NumPy arrays, to the same answer.
    """

    signature: str
    over_grpc: Callable[..., list]
    over_rest: Callable[..., list]
    of_outputs: Callable[[Mapping[str, Any]], Any]


def best_classes(signature: str) -> Question:
    """The best classes and their probabilities, Best, by `serving_default` or `single_scale`."""

    def of_outputs(outputs: Mapping[str, Any]) -> Best:
        names, values = (outputs[name] for name in client.BEST)
        return [(name.decode(), float(value)) for name, value in zip(names, values, strict=True)]

    return Question(
        signature,
        partial(client.classify, signature=signature),
        partial(client.classify_by_rest, signature=signature),
        of_outputs,
    )


def boxes() -> Question:
    """The best classes with their boxes, serving.locating.Located, of a model that localises."""
    return Question(locating.LOCALISE, locating.locate, locating.locate_by_rest, locating.of_outputs)


def descriptor(version: int = 0) -> Question:
    """The descriptor of appendix B, floats of Euclidean length 1; of a server's model, by that version."""
    return Question(
        describing.FEATURES,
        partial(describing.describe, version=version),
        partial(describing.describe_by_rest, version=version),
        lambda outputs: tuple(map(float, outputs[describing.FEATURES])),
    )


@contextmanager
def over_grpc(server: Server, *questions: Question) -> Iterator[Predictor]:
    """One channel for all images; its end cancels what is under way."""
    with _grpc_call(server) as call:
        yield lambda image: [_patiently(call, each.over_grpc, image) for each in questions]


@contextmanager
def over_rest(server: Server, *questions: Question) -> Iterator[Predictor]:
    """The same by TF Serving's REST paths."""
    call = _rest_call(server)
    yield lambda image: [_patiently(call, each.over_rest, image) for each in questions]


@contextmanager
def in_process(model: Place, *questions: Question) -> Iterator[Predictor]:
    """The SavedModel in folder `model`.

    Raises:
        InputError: it does not load, or has not a question's signature.
    """
    with quiet_imports():
        import tensorflow as tf
    try:
        signatures = tf.saved_model.load(str(model)).signatures
        runs = [(signatures[each.signature], each.of_outputs) for each in questions]
    except KeyError as error:
        if error.args[0] == locating.LOCALISE:
            raise InputError(f"model {model}: {NO_BOXES}") from None
        raise InputError(f"model {model}: has no signature {error.args[0]}; push it again") from None
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise InputError(f"model {model}: does not load ({named(error)}); push it again") from None

    def predict(image: bytes) -> list:
        try:
            found = [(run(image_bytes=tf.constant([image])), read) for run, read in runs]
        except tf.errors.InvalidArgumentError as error:
            raise ImageError(stated_reason(error.message)) from None
        return [read({name: one.numpy()[0] for name, one in outputs.items()}) for outputs, read in found]

    yield predict


def served_version(server: Server, *, rest: bool) -> int:
    """The number of the newest version that a server has ready.

    Raises:
        InputError, ComponentError: as for an image; ComponentError where no version is ready.
    """
    if rest:
        found = _rest_call(server)(describing.newest_version_by_rest)
    else:
        with _grpc_call(server) as call:
            found = call(describing.newest_version)
    if found is None:
        raise ComponentError(
            f"server {server.address}: no version of model {server.model} is ready; try again later"
        )
    return found


@contextmanager
def _grpc_call(server: Server) -> Iterator[Callable]:
    """A function of one of serving's functions and its arguments, whose errors are ours."""
    import grpc

    if server.authority:
        _tls_context(server.authority)  # which says what gRPC would not
        credentials = grpc.ssl_channel_credentials(server.authority.read_bytes())
        channel = grpc.secure_channel(server.address, credentials)
    else:
        channel = grpc.insecure_channel(server.address)
    asked = {"model": server.model, "timeout": server.timeout, "token": server.token}

    def call(function: Callable, *arguments: Any) -> Any:
        try:
            return function(*arguments, channel=channel, **asked)
        except grpc.RpcError as error:
            raise refusal(server.address, error.code().name, error.details() or "") from None

    with channel:
        yield call


def _rest_call(server: Server) -> Callable:
    """The same over REST."""
    tls = _tls_context(server.authority) if server.authority else None
    asked = {"server": f"{'https' if tls else 'http'}://{server.address}", "model": server.model}
    asked |= {"timeout": server.timeout, "token": server.token, "tls": tls}

    def call(function: Callable, *arguments: Any) -> Any:
        try:
            return function(*arguments, **asked)
        except urllib.error.HTTPError as error:
            code = REST_CODES.get(error.code, f"HTTP status {error.code}")
            raise refusal(server.address, code, rest_error(error.msg)) from None
        except (OSError, ValueError, KeyError) as error:  # the last two: no answer of a model server
            cause = getattr(error, "reason", error)
            code = "DEADLINE_EXCEEDED" if isinstance(cause, TimeoutError) else "UNAVAILABLE"
            raise refusal(server.address, code, str(cause)) from None

    return call


def _patiently(call: Callable, function: Callable, image: bytes) -> Any:
    for wait in WAITS:
        try:
            return call(function, [image])[0]
        except BusyError:
            time.sleep(wait)
    return call(function, [image])[0]


def _tls_context(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (ssl.SSLError, OSError) as error:
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise InputError(f"--tls-ca {authority}: {why}; expected a PEM file") from None
