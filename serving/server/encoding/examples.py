"""Classify and Regress: tf.Examples to the one input of a signature, and its outputs to messages.

What makes a signature one for this is TensorFlow's: one input `inputs` of serialized tf.Examples, outputs
`classes` (string) and `scores` (float32), one of them or both, or `outputs` (float32).
"""

from collections.abc import Mapping

import grpc
import numpy as np
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from serving.server.encoding.signature import Signature
from serving.server.encoding.tensors import Limits, check_shape
from serving.server.errors import ServingError, invalid

CLASSIFY, REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"
INPUTS, CLASSES, SCORES, OUTPUTS = "inputs", "classes", "scores", "outputs"
LABELS, NUMBERS = {CLASSES, SCORES}, {OUTPUTS}

Arrays = Mapping[str, np.ndarray]


def check_method(signature: Signature, method: str, *, by_name: bool) -> None:
    """Raises INVALID_ARGUMENT or FAILED_PRECONDITION unless `signature` can do `method`, CLASSIFY or REGRESS.

    `by_name`: whether its method name has to say so too.
    """
    verb = "classify" if method == CLASSIFY else "regress"
    if by_name and signature.method != method:
        raise invalid(
            f"signature {signature.name} does not {verb}: method {signature.method}; expected {method}"
        )
    most = 2 if method == CLASSIFY else 1
    if len(signature.inputs) != 1 or not 1 <= len(signature.outputs) <= most:
        raise invalid(f"signature {signature.name} does not {verb}: {_wanted(method)}")
    known = LABELS if method == CLASSIFY else NUMBERS
    if INPUTS not in signature.inputs or not known & signature.outputs.keys():
        message = f"signature {signature.name} does not {verb}: {_wanted(method)}"
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def serialized(given: input_pb2.Input, limits: Limits) -> dict[str, np.ndarray]:
    """The array of INPUTS, string [examples]. Raises INVALID_ARGUMENT."""
    context = b""
    examples = given.example_list.examples
    if given.WhichOneof("kind") == "example_list_with_context":
        # A message behind another one is both of them merged.
        context = given.example_list_with_context.context.SerializeToString()
        examples = given.example_list_with_context.examples
    if not examples:
        raise invalid("input: no example; expected at least one")
    check_shape("input", (len(examples),), limits)
    array = np.empty(len(examples), object)
    array[:] = [context + example.SerializeToString() for example in examples]
    return {INPUTS: array}


def classifications(outputs: Arrays, count: int) -> classification_pb2.ClassificationResult:
    """Of `count` examples. Raises INVALID_ARGUMENT where the model's outputs are no such thing."""
    found = {name: outputs[name] for name in (CLASSES, SCORES) if name in outputs}
    kinds = {CLASSES: object, SCORES: np.float32}
    for name, array in found.items():
        if array.ndim != 2 or len(array) != count or array.dtype != kinds[name]:
            expected = f"[{count}, classes] of {'string' if name == CLASSES else 'float32'}"
            raise invalid(f"output {name}: {array.dtype} {list(array.shape)}; expected {expected}")
    if len({array.shape for array in found.values()}) > 1:
        raise invalid("outputs classes and scores are not of one shape")
    result = classification_pb2.ClassificationResult()
    _, width = next(iter(found.values())).shape
    labels = found.get(CLASSES, np.full((count, width), b"", object)).tolist()
    scores = found.get(SCORES, np.zeros((count, width), np.float32)).tolist()
    for names, values in zip(labels, scores, strict=True):
        classes = result.classifications.add().classes
        for name, value in zip(names, values, strict=True):
            classes.add(label=name.decode(errors="replace"), score=value)
    return result


def regressions(outputs: Arrays, count: int) -> regression_pb2.RegressionResult:
    """Of `count` examples. Raises INVALID_ARGUMENT where the model's output is no such thing."""
    array = outputs[OUTPUTS]
    if array.shape not in ((count,), (count, 1)) or array.dtype != np.float32:
        raise invalid(
            f"output {OUTPUTS}: {array.dtype} {list(array.shape)}; expected [{count}] or [{count}, 1] of "
            "float32"
        )
    result = regression_pb2.RegressionResult()
    for value in array.ravel().tolist():
        result.regressions.add(value=value)
    return result


def _wanted(method: str) -> str:
    outputs = f"{CLASSES}, {SCORES} or both" if method == CLASSIFY else OUTPUTS
    return f"expected one input, {INPUTS}, and the outputs {outputs}"
