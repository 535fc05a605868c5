"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what, where, what was expected, what to do. Commands print it without a
    traceback and exit with status 2.
    """
