"""A request's body as a JSON object, as TensorFlow Serving parses one.

NaN and Infinity are numbers, and what stands behind the object is not looked at. A number beyond the range of
float64, which Python reads as infinite, is refused.
"""

import json
import math
from dataclasses import dataclass

from serving.server.encoding.tensors import Limits
from serving.server.errors import invalid

WHITE_SPACE = " \t\r\n"
TOKENS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True)
class Document:
    """A JSON object.

    Attributes:
        values: by key.
        may_be_infinite: whether an infinite number in it is written as Infinity; else it is an overflow.
        may_have_booleans: whether true or false may be among its values.
    """

    values: dict
    may_be_infinite: bool
    may_have_booleans: bool

    @property
    def signature_name(self) -> str:
        """The signature that it names, or "". Raises INVALID_ARGUMENT."""
        name = self.values.get("signature_name", "")
        if not isinstance(name, str):
            raise invalid("signature_name: expected a string")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise invalid("signature_name: half of a surrogate pair, which is no character") from None
        return name


def parse(body: bytes, limits: Limits) -> Document:
    """The object that `body` begins with. Raises INVALID_ARGUMENT."""
    # Counted first: Python's lists take 30 times as much memory as the brackets they are read from.
    if body.count(b",") > limits.elements or body.count(b"[") + body.count(b"{") > limits.elements // 3:
        raise invalid(
            f"the body has too many values; this server takes at most {limits.elements} "
            "(--max_input_elements)"
        )
    infinite = False

    def constant(name: str) -> float:
        nonlocal infinite
        infinite = infinite or math.isinf(TOKENS[name])
        return TOKENS[name]

    try:
        text = body.decode("utf-8-sig").lstrip(WHITE_SPACE)
        values, _ = json.JSONDecoder(parse_constant=constant).raw_decode(text)
        if infinite:
            # Once more, slower: some infinite numbers may be an overflow all the same.
            json.JSONDecoder(parse_float=_finite).raw_decode(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise invalid(f"JSON Parse error: {reason}") from None
    if not isinstance(values, dict):
        raise invalid("the body: expected a JSON object")
    return Document(values, infinite, b"true" in body or b"false" in body)


def check_range(name: str, array, document: Document) -> None:
    """Raises INVALID_ARGUMENT where `array` of floating-point numbers has an overflow in it."""
    if not document.may_be_infinite and any(map(math.isinf, (array.min(initial=0), array.max(initial=0)))):
        raise invalid(f"{name}: a number is too large")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]}: the number is too large")
    return number
