"""gRPC methods from functions: bytes in, bytes out.

The messages are parsed here and not by grpc, which answers INTERNAL where one does not parse.
"""

import time
from collections.abc import Awaitable, Callable, Mapping

import grpc
from google.protobuf.message import DecodeError, Message

from serving.server.calls import REQUEST_ID, Budget, Call, Calls, request_id
from serving.server.errors import ServingError, exhausted, invalid
from serving.server.security import Tokens

Respond = Callable[[Message, Call], Awaitable[Message]]

LONGEST_ANSWER = 2**31 - 1
"""Of a protobuf message."""


class GrpcCalls:
    """Makes handlers that check the token, follow the call and turn a ServingError into a status."""

    def __init__(self, calls: Calls, tokens: Tokens, budget: Budget):
        self._calls, self._tokens, self._budget = calls, tokens, budget

    def service(
        self, name: str, methods: Mapping[str, tuple[type[Message], Respond]]
    ) -> grpc.GenericRpcHandler:
        """A service of unary methods: by name, the request's type and the function that answers it."""
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(self._handler(method, kind, respond))
            for method, (kind, respond) in methods.items()
        }
        return grpc.method_handlers_generic_handler(name, handlers)

    def _handler(self, method: str, kind: type[Message], respond: Respond):
        async def handle(message: bytes, context: grpc.aio.ServicerContext) -> bytes:
            metadata = {key: value for key, value in context.invocation_metadata() or () if key in _READ}
            call = Call(request_id(metadata.get(REQUEST_ID)), "grpc", method, _deadline(context))
            context.set_trailing_metadata(((REQUEST_ID, call.id),))
            try:
                with self._calls.follow(call):
                    self._tokens.check(metadata.get("authorization"))
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


_READ = (REQUEST_ID, "authorization")


def _parse(message: bytes, kind: type[Message]) -> Message:
    try:
        return kind.FromString(message)
    except (DecodeError, RecursionError) as error:
        raise invalid(f"no {kind.DESCRIPTOR.full_name}: {error}") from None


def _deadline(context: grpc.aio.ServicerContext) -> float | None:
    remaining = context.time_remaining()
    return None if remaining is None else time.monotonic() + remaining
