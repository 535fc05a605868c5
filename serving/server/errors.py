"""What a request can fail with: one gRPC code, its HTTP status, and one line."""

import re

import grpc
import tensorflow as tf

from models.errors import one_line

HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}

# TensorFlow's codes are gRPC's, but for two that an image can bring about: ABORTED is what oneDNN's kernels
# say of one that is smaller than a pooling window, where a model does not check that itself, and DATA_LOSS is
# what decoders say.
OF_OP_ERROR = {
    **{code.value[0]: code for code in grpc.StatusCode},
    tf.errors.DATA_LOSS: grpc.StatusCode.INVALID_ARGUMENT,
    tf.errors.ABORTED: grpc.StatusCode.INVALID_ARGUMENT,
}


class ServingError(Exception):
    """A request that gets no answer. `message` is one line: what, where, what was expected."""

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = one_line(message)  # gRPC carries it in a header, and clients take 8 KiB of headers

    @property
    def http_status(self) -> int:
        """TensorFlow Serving's HTTP status for the code."""
        return HTTP_STATUS.get(self.code, 500)


def invalid(message: str) -> ServingError:
    """INVALID_ARGUMENT."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """NOT_FOUND."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def exhausted(message: str) -> ServingError:
    """RESOURCE_EXHAUSTED."""
    return ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)


def deadline_exceeded(message: str) -> ServingError:
    """DEADLINE_EXCEEDED."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, message)


def from_op_error(error: tf.errors.OpError) -> ServingError:
    """What the graph said, without TensorFlow's account of where in the graph it said so."""
    text = re.sub(r"\[\[\{\{.*?\}\}\]\]", "", error.message.removeprefix("Graph execution error:")).strip()
    # Of an example that does not parse it repeats all bytes, which may be a photograph.
    text = re.sub(r", value: '.*", "", text, flags=re.DOTALL)
    if said := re.fullmatch(r"assertion failed: \[(.*)\]", text, re.DOTALL):
        text = said[1]
    return ServingError(OF_OP_ERROR.get(error.error_code, grpc.StatusCode.INTERNAL), text)
