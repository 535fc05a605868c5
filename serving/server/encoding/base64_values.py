"""The value of {"b64": "..."} as clients of all languages write it.

Java's MIME encoder and Ruby's pack put in line breaks, others leave out the padding. TensorFlow Serving takes
both (absl::Base64Unescape).
"""

import base64
import binascii

from serving.server.errors import invalid

B64 = "b64"
PADDING = "="
_WHITE_SPACE = str.maketrans("", "", " \t\r\n\v\f")


def is_b64(value: object) -> bool:
    """Whether a JSON value is {"b64": "..."} and nothing else."""
    return isinstance(value, dict) and value.keys() == {B64} and isinstance(value[B64], str)


def to_bytes(name: str, value: object) -> bytes:
    """A JSON string, or {"b64": "..."}, as bytes. Raises INVALID_ARGUMENT that begins with `name`."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            raise invalid(f"{name}: half of a surrogate pair, which is no character") from None
    if not is_b64(value):
        raise invalid(f'{name}: expected a string or {{"{B64}": "..."}}')
    return _decoded(name, value[B64])


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        pass
    packed = text.translate(_WHITE_SPACE)
    bare = packed.rstrip(PADDING)
    padding = PADDING * (-len(bare) % 4)
    if len(packed) > len(bare) and packed != bare + padding:
        raise invalid(f"{name}: no base64: wrong padding")
    try:
        return base64.b64decode(bare + padding, validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid(f"{name}: no base64: {error}") from None
