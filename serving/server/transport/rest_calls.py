"""REST requests: the token, the body within its limits, the time-out, the client that has gone."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator

import grpc
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from serving.server.errors import ServingError, deadline_exceeded, invalid
from serving.server.transport.calls import REQUEST_ID, Budget, Call, Calls, request_id
from serving.server.transport.security import Tokens

Respond = Callable[[Call, "Body"], Awaitable[Response]]

GZIP = 16 + zlib.MAX_WBITS
STEP = 2**20
"""Bytes that are unpacked in one go, before they are counted."""

DRAINED = 8
"""How many times the limit of a refused body is still read, so that its sender gets to read the refusal."""

CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "POST, GET",
    "access-control-allow-headers": "Content-Type",
}


class RestCalls:
    """Answers requests: follows each, and turns a ServingError into {"error": "..."} and its status."""

    def __init__(
        self,
        calls: Calls,
        tokens: Tokens,
        budget: Budget,
        limit: int,
        timeout: float | None,
        *,
        open_to_pages: bool = False,
    ):
        """`limit`: bytes of a body; `timeout`: seconds a request may take; `open_to_pages`: whether browsers
        may show answers to web pages from anywhere.
        """
        self._calls, self._tokens, self._budget = calls, tokens, budget
        self.limit, self._timeout = limit, timeout
        self.headers = CORS if open_to_pages else {}

    async def answer(self, request: Request, method: str, respond: Respond) -> Response:
        """What `respond` gives, or the refusal."""
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        call = Call(request_id(request.headers.get(REQUEST_ID)), "rest", method, deadline)
        body = Body(request, self._budget, self.limit)
        try:
            with self._calls.follow(call):
                self._tokens.check(request.headers.get("authorization"))
                response = await self._in_time(respond(call, body), body)
        except ServingError as error:
            response = error_response(error)
        finally:
            body.give_back()
        response.headers[REQUEST_ID] = call.id
        response.headers.update(self.headers)
        return response

    def refusal(self, request: Request) -> Response | None:
        """The answer to a request without token, where one is needed."""
        try:
            self._tokens.check(request.headers.get("authorization"))
        except ServingError as error:
            return error_response(error)
        return None

    async def _in_time(self, answer: Awaitable[Response], body: "Body") -> Response:
        answering = asyncio.ensure_future(answer)
        gone = asyncio.ensure_future(body.client_gone())
        try:
            await asyncio.wait({answering, gone}, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            if gone.done():
                raise ServingError(grpc.StatusCode.CANCELLED, "the client has gone")
            raise deadline_exceeded(f"no answer within {self._timeout} s (--rest_api_timeout_in_ms)")
        finally:
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(answering, gone, return_exceptions=True)


class Body:
    """A request's body, read once, and what it takes of the budget until it is answered."""

    def __init__(self, request: Request, budget: Budget, limit: int):
        self._request, self._budget, self._limit = request, budget, limit
        self._taken = 0
        self._read = asyncio.Event()

    async def read(self) -> bytes:
        """All of it, unpacked where it is compressed by gzip.

        Raises:
            ServingError: INVALID_ARGUMENT where it is too long or cannot be unpacked, RESOURCE_EXHAUSTED.
        """
        encoding = self._request.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise invalid(
                f"content-encoding {encoding[:40]!r}: expected gzip, or a body that is not compressed"
            )
        unpack = zlib.decompressobj(GZIP) if encoding == "gzip" else None
        chunks: list[bytes] = []
        try:
            async for chunk in self._request.stream():
                for part in self._unpacked(chunk, unpack) if unpack else (chunk,):
                    self._take(len(part))
                    chunks.append(part)
            if unpack and not unpack.eof:
                raise invalid("the body: no whole gzip file")
        except ClientDisconnect:
            raise ServingError(grpc.StatusCode.CANCELLED, "the client has gone") from None
        except ServingError:
            chunks.clear()
            await self._drain()
            raise
        self._read.set()
        return b"".join(chunks)

    async def client_gone(self) -> None:
        """Returns when the client has closed the connection, after the body was read."""
        await self._read.wait()
        while (await self._request.receive())["type"] != "http.disconnect":
            pass

    def give_back(self) -> None:
        """Frees its share of the budget."""
        self._budget.give_back(self._taken)
        self._taken = 0

    def _unpacked(self, packed: bytes, unpack) -> Iterator[bytes]:
        part = b"-" * STEP
        while packed or len(part) == STEP:  # else what it has unpacked is all given out
            try:
                part = unpack.decompress(packed, STEP)
            except zlib.error as error:
                raise invalid(f"the body: no gzip: {error}") from None
            yield part
            packed = unpack.unconsumed_tail

    def _take(self, length: int) -> None:
        if self._taken + length > self._limit:
            raise invalid(f"the body is longer than {self._limit} bytes (--max_message_bytes)")
        self._budget.take(length)
        self._taken += length

    async def _drain(self) -> None:
        left = DRAINED * self._limit
        try:
            async for chunk in self._request.stream():
                left -= len(chunk)
                if left < 0:
                    return
        except (ClientDisconnect, RuntimeError):
            return


def error_response(error: ServingError) -> Response:
    """{"error": "..."} with the status of the error's code."""
    headers = {"www-authenticate": "Bearer"} if error.http_status == 401 else None
    return JSONResponse({"error": error.message}, error.http_status, headers)
