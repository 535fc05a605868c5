"""What ends a run early: a mistake of the user's, or a request to stop."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what, where, what was expected, what to do. Commands print it without a
    traceback and exit with status 2.
    """


class Preempted(RuntimeError):  # noqa: N818 - not an error: the work is saved and goes on later
    """SIGTERM came, and a checkpoint was written. Commands exit with status 75."""
