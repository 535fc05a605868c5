"""The body of a REST :classify or :regress to tf.Examples, as TensorFlow Serving reads it.

{"signature_name": ..., "context": {FEATURE: VALUE}, "examples": [{FEATURE: VALUE or list of them}, ...]}.
"""

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import input_pb2

from serving.server.encoding.base64_values import is_b64, to_bytes
from serving.server.encoding.json_documents import Document, check_range, parse
from serving.server.encoding.tensors import Limits
from serving.server.errors import invalid

CONTEXT, EXAMPLES = "context", "examples"


def read_examples(body: bytes, limits: Limits) -> tuple[str, input_pb2.Input]:
    """The signature's name, "" for the default one, and the examples. Raises INVALID_ARGUMENT."""
    document = parse(body, limits)
    rows = document.values.get(EXAMPLES)
    if not isinstance(rows, list) or not rows:
        raise invalid(f"'{EXAMPLES}': expected a list of at least one")
    given = input_pb2.Input()
    examples = given.example_list
    if CONTEXT in document.values:
        examples = given.example_list_with_context
        _fill(examples.context, CONTEXT, document.values[CONTEXT], document)
    for number, row in enumerate(rows):
        _fill(examples.examples.add(), f"{EXAMPLES}[{number}]", row, document)
    return document.signature_name, given


def _fill(example: tf.train.Example, place: str, row: object, document: Document) -> None:
    if not isinstance(row, dict):
        raise invalid(f"{place}: expected an object of features")
    for key, value in row.items():
        try:
            key.encode()
        except UnicodeEncodeError:
            raise invalid(f"{place}: half of a surrogate pair in a feature's name") from None
        values = value if isinstance(value, list) else [value]
        _put(example.features.feature[key], f"{place}.{key[:60]}", values, document)


def _put(feature: tf.train.Feature, place: str, values: list, document: Document) -> None:
    kinds = {_kind(place, value) for value in values}
    if len(kinds) > 1:
        raise invalid(f"{place}: {' and '.join(sorted(kinds))} in one feature; expected one kind")
    if kinds == {"strings"}:
        feature.bytes_list.value.extend(to_bytes(place, value) for value in values)
    elif kinds == {"whole numbers"}:
        if any(not -(2**63) <= value < 2**63 for value in values):
            raise invalid(f"{place}: a whole number of more than 64 bits")
        feature.int64_list.value.extend(map(int, values))
    elif kinds:
        array = np.array(values)
        check_range(place, array, document)
        if (np.abs(array[np.isfinite(array)]) > np.finfo(np.float32).max).any():
            raise invalid(f"{place}: a number is too large for float32")
        feature.float_list.value.extend(values)


def _kind(place: str, value: object) -> str:
    if isinstance(value, str) or is_b64(value):
        return "strings"
    if isinstance(value, int):
        return "whole numbers"
    if isinstance(value, float):
        return "fractions"
    raise invalid(f'{place}: expected numbers, strings or {{"b64": "..."}}')
