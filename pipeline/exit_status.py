"""What each exit status of a command means, and how an error becomes one and a line on the terminal."""

import sys
from collections.abc import Callable

from models.errors import InputError, Preempted, cause_of, one_line

MOST_CHARACTERS = 300
BLESSED, FAILED, BAD_INPUT, NOT_BLESSED, FAULTY_DATA, PREEMPTED, INTERRUPTED = 0, 1, 2, 3, 4, 75, 130


class ComponentError(RuntimeError):
    """A component failed; the message is one line and names the log file."""


def exit_status(command: Callable[[], int]) -> int:
    """Runs a command; what went wrong becomes one line on standard error and an exit status."""
    try:
        return command()
    except InputError as error:
        print(f"vgg: {error}", file=sys.stderr)
        return BAD_INPUT
    except Preempted as stopped:
        print(f"vgg: {stopped}", file=sys.stderr)
        return PREEMPTED
    except KeyboardInterrupt:
        print("vgg: interrupted; finished components are kept, run again to go on", file=sys.stderr)
        return INTERRUPTED
    except ComponentError as error:
        print(f"vgg: {error}", file=sys.stderr)
        return FAILED


def named(error: Exception) -> str:
    """An exception's name and the first line of its message, of which some hold a whole photograph."""
    message = cause_of(error) if str(error).strip() else "no message"
    return f"{type(error).__name__}: {one_line(message, MOST_CHARACTERS)}"
