"""What ends a run early: a mistake of the user's, or a request to stop; and one line of what went wrong."""

import re

LONGEST = 800
"""Characters of a line."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what, where, what was expected, what to do. Commands print it without a
    traceback and exit with status 2.
    """


class Untrainable(InputError):  # noqa: N818 - said of settings
    """A net cannot be trained so: its loss or a weight is not finite, or the memory does not hold the batch.

    Other settings may train it; what only tries some goes on with the next.
    """


class Preempted(RuntimeError):  # noqa: N818 - not an error: the work is saved and goes on later
    """SIGTERM came, and a checkpoint was written. Commands exit with status 75."""


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` without line breaks and other control characters, at most `longest` characters of it."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * longest]).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."


def cause_of(error: Exception) -> str:
    """The first line of what TensorFlow or the system says, without the nodes that TensorFlow names."""
    message = getattr(error, "message", None) or getattr(error, "strerror", None) or str(error)
    lines = [line for line in re.sub(r"\{\{.*?\}\} ?", "", message).splitlines() if line.strip()]
    return lines[0].strip() if lines else type(error).__name__
