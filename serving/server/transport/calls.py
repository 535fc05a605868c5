"""What every request goes through, gRPC or REST: its id, its share of the memory, its log line, its count."""

import asyncio
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc

from serving.server.errors import ServingError, exhausted
from serving.server.event_log import EventLog
from serving.server.metrics import Metrics

REQUEST_ID = "x-request-id"
LONGEST_ID = 64


@dataclass
class Call:
    """A request being answered; model, version, signature and items are filled in once they are known.

    Attributes:
        deadline: as time.monotonic(); None for none.
    """

    id: str
    protocol: str
    method: str
    deadline: float | None = None
    model: str = ""
    version: int | None = None
    signature: str = ""
    items: int | None = None
    started: float = field(default_factory=time.monotonic)


class Budget:
    """Bytes of requests in memory at a time."""

    def __init__(self, most: int, metrics: Metrics):
        self._most, self._held, self._metrics = most, 0, metrics

    def take(self, length: int) -> None:
        """Raises RESOURCE_EXHAUSTED where there is no room for `length` bytes more."""
        if self._held + length > self._most:
            raise exhausted(f"{self._held} bytes of requests are held, of {self._most}; try again later")
        self._add(length)

    def give_back(self, length: int) -> None:
        """After as many were taken."""
        self._add(-length)

    def _add(self, length: int) -> None:
        self._held += length
        self._metrics.held_bytes.set(self._held)


class Calls:
    """Follows all requests."""

    def __init__(self, metrics: Metrics, log: EventLog, *, log_requests: bool):
        self._metrics, self._log, self._log_requests = metrics, log, log_requests

    @contextmanager
    def follow(self, call: Call) -> Iterator[Call]:
        """Logs and counts what becomes of `call`; what is no ServingError becomes one, INTERNAL."""
        code, message = grpc.StatusCode.OK, None
        try:
            yield call
        except ServingError as error:
            code, message = error.code, error.message
            raise
        except asyncio.CancelledError:
            code = self._why_cancelled(call)
            raise
        except Exception as error:
            code, message = grpc.StatusCode.INTERNAL, f"internal error; request {call.id}"
            self._log.say("internal_error", id=call.id, trace=traceback.format_exc())
            raise ServingError(code, message) from error
        finally:
            self._record(call, code, message)

    def _why_cancelled(self, call: Call) -> grpc.StatusCode:
        late = call.deadline is not None and time.monotonic() >= call.deadline
        return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED

    def _record(self, call: Call, code: grpc.StatusCode, message: str | None) -> None:
        seconds = time.monotonic() - call.started
        self._metrics.answered(call.protocol, call.method, call.model, call.signature, code, seconds)
        if self._log_requests:
            self._log.say(
                "request",
                id=call.id,
                protocol=call.protocol,
                method=call.method,
                model=call.model or None,
                version=call.version,
                signature=call.signature or None,
                items=call.items,
                code=code.name,
                ms=round(seconds * 1000, 2),
                error=message,
            )


def request_id(given: str | None) -> str:
    """The client's id where it is fit for a header and a log, else a new one."""
    if given and len(given) <= LONGEST_ID and all(33 <= ord(character) <= 126 for character in given):
        return given
    return uuid.uuid4().hex[:16]
