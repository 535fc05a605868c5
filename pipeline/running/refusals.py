"""A mistake of the user's as Beam passes it on: with its own words behind, or as text of another process."""

import re

from models.errors import InputError

_IN_TRACE = re.compile(rf"^(?:\w+\.)*{InputError.__name__}: (.*)$", re.MULTILINE)
_STEP = re.compile(r" \[while running '.*'\]$")


def refusal_of(error: BaseException) -> str | None:
    """The message of the InputError that an executor ended with, in one line; None for any other error.

    Where Beam has processes of its own, or a cluster's, an error arrives as a RuntimeError, whose message
    holds the trace of the process that met it.
    """
    if isinstance(error, InputError):
        return _STEP.sub("", str(error))
    found = _IN_TRACE.findall(str(error)) if isinstance(error, RuntimeError) else []
    return _STEP.sub("", found[-1]) if found else None
