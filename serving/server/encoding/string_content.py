"""TensorFlow's second encoding of a string tensor: tensor_content, which C++ clients write.

All lengths as varints, then all strings (tensorflow/core/platform/coding.cc, EncodeStringList).
"""

from serving.server.errors import invalid

LONGEST_VARINT = 5


def read_strings(name: str, content: bytes, count: int) -> list[bytes]:
    """The `count` strings of input `name`. Raises INVALID_ARGUMENT where content is cut off or too long."""
    lengths, position = [], 0
    for _ in range(count):
        length, position = _varint(name, content, position)
        lengths.append(length)
    if position + sum(lengths) != len(content):
        raise invalid(f"{name}: {len(content)} bytes of content; its lengths add up to another number")
    strings = []
    for length in lengths:
        strings.append(content[position : position + length])
        position += length
    return strings


def _varint(name: str, content: bytes, position: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(content[position : position + LONGEST_VARINT]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, position + place + 1
    raise invalid(f"{name}: its content ends within a string's length")
