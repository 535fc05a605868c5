"""gRPC methods from functions: bytes in, bytes out.

The messages are parsed here and not by grpc, which answers INTERNAL where one does not parse.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import grpc
from google.protobuf.message import DecodeError, Message

from serving.server.errors import ServingError, exhausted, invalid
from serving.server.transport.calls import REQUEST_ID, Budget, Call, Calls, request_id
from serving.server.transport.security import Tokens

Respond = Callable[[Message, Call], Awaitable[Message]]

LONGEST_ANSWER = 2**31 - 1
"""Of a protobuf message."""

LONGEST_WAIT = 86_400.0
"""Seconds: a deadline beyond a day is none."""

AUTHORIZATION = "authorization"


class GrpcCalls:
    """Makes handlers that check the token, follow the call and turn a ServingError into a status."""

    def __init__(self, calls: Calls, tokens: Tokens, budget: Budget):
        self._calls, self._tokens, self._budget = calls, tokens, budget

    def service(
        self, name: str, methods: Mapping[str, tuple[type[Message], Respond]]
    ) -> grpc.GenericRpcHandler:
        """A service of unary methods: by name, the request's type and the function that answers it."""
        functions = {
            f"/{name}/{method}": self._function(method, kind, respond)
            for method, (kind, respond) in methods.items()
        }
        return _Service(functions, self._tokens)

    def _function(self, method: str, kind: type[Message], respond: Respond) -> Callable:
        async def handle(message: bytes, context: grpc.aio.ServicerContext) -> bytes:
            metadata = _metadata(context.invocation_metadata())
            call = Call(request_id(metadata.get(REQUEST_ID)), "grpc", method, _deadline(context))
            context.set_trailing_metadata(((REQUEST_ID, call.id),))
            try:
                with self._calls.follow(call):
                    self._tokens.check(metadata.get(AUTHORIZATION))
                    return await self._answer(message, kind, respond, call)
            except ServingError as error:
                await context.abort(error.code, error.message)

        return handle

    async def _answer(self, message: bytes, kind: type[Message], respond: Respond, call: Call) -> bytes:
        self._budget.take(len(message))
        try:
            answer = await respond(_parse(message, kind), call)
            if answer.ByteSize() > LONGEST_ANSWER:
                raise exhausted("the answer is longer than a message can be; ask for fewer items or outputs")
            return answer.SerializeToString()
        finally:
            self._budget.give_back(len(message))


class _Service(grpc.GenericRpcHandler):
    """Finds a call's handler.

    A call without its token gets one that takes a stream and reads none of it: grpc holds a unary message in
    memory, of whatever length, before it is refused for its length and before any handler is called.
    """

    def __init__(self, functions: Mapping[str, Callable], tokens: Tokens):
        self._open = {path: grpc.unary_unary_rpc_method_handler(each) for path, each in functions.items()}
        self._shut = {path: grpc.stream_unary_rpc_method_handler(each) for path, each in functions.items()}
        self._tokens = tokens

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        try:
            self._tokens.check(_metadata(details.invocation_metadata).get(AUTHORIZATION))
        except ServingError:
            return self._shut.get(details.method)
        return self._open.get(details.method)


def _metadata(pairs: Iterable[tuple[str, str]] | None) -> dict[str, str]:
    return {key: value for key, value in pairs or () if key in (REQUEST_ID, AUTHORIZATION)}


def _parse(message: bytes, kind: type[Message]) -> Message:
    try:
        return kind.FromString(message)
    except (DecodeError, RecursionError) as error:
        raise invalid(f"no {kind.DESCRIPTOR.full_name}: {error}") from None


def _deadline(context: grpc.aio.ServicerContext) -> float | None:
    remaining = context.time_remaining()
    return None if remaining is None or remaining > LONGEST_WAIT else time.monotonic() + remaining
