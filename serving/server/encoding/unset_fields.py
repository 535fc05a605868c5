"""A proto as JSON with its unset fields too: the argument for that was renamed in protobuf 5."""

import inspect
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message

_NAMES = ("always_print_fields_with_no_presence", "including_default_value_fields")
_TAKEN = inspect.signature(json_format.MessageToDict).parameters
_WITH_UNSET = {next(name for name in _NAMES if name in _TAKEN): True}


def as_dict(message: Message) -> dict[str, Any]:
    """Fields by their names in the .proto file; numbers of 64 bits are strings, as proto3's JSON has them."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True, **_WITH_UNSET)
