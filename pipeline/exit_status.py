"""What each exit status of a command means, and how an error becomes one and a line on the terminal."""

import sys
from collections.abc import Callable

from models.errors import InputError, Preempted, cause_of, one_line

MOST_CHARACTERS = 300
BLESSED, FAILED, BAD_INPUT, NOT_BLESSED, FAULTY_DATA, PREEMPTED, INTERRUPTED = 0, 1, 2, 3, 4, 75, 130
NOTHING_NEW = 5


class ComponentError(RuntimeError):
    """A component failed; the message is one line and names the log file."""


STATUSES = {
    InputError: BAD_INPUT,
    Preempted: PREEMPTED,
    KeyboardInterrupt: INTERRUPTED,
    ComponentError: FAILED,
}


def exit_status(command: Callable[[], int]) -> int:
    """Runs a command; what went wrong becomes one line on standard error and an exit status."""
    try:
        return command()
    except tuple(STATUSES) as error:
        status, line = status_of(error)
        print(f"vgg: {line}", file=sys.stderr)
        return status


def status_of(error: BaseException) -> tuple[int, str]:
    """The exit status that an error ends a command with, and one line; FAILED for what nobody expects."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED, "interrupted; finished components are kept, run again to go on"
    status = next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
    return (status, str(error)) if status else (FAILED, named(error))


def named(error: BaseException) -> str:
    """An exception's name and the first line of its message, of which some hold a whole photograph."""
    message = cause_of(error) if str(error).strip() else "no message"
    return f"{type(error).__name__}: {one_line(message, MOST_CHARACTERS)}"
