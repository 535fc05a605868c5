"""Paths that are taken for patterns by what reads them."""

import os

from models.errors import InputError

PATTERNS = "*?[\\"
"""Beam matches every path that it reads as a pattern, and TensorFlow every checkpoint's: `[1]` in one means
`1`, and what is found are other files or none. Beam has no way to quote all of them, so there is no escape.
A `]` alone is nobody's pattern."""


def check_literal(what: str, path: str | os.PathLike[str]) -> None:
    """Whether a path means itself alone.

    Args:
        what: begins the line of an error, such as "data folder".
        path: of this machine or of another file system.

    Raises:
        InputError: it holds one of PATTERNS.
    """
    path = os.fspath(path)
    odd = next((character for character in path if character in PATTERNS), None)
    if odd:
        raise InputError(
            f"{what} {path}: has a {odd} in it, which Beam and TensorFlow take for a pattern; expected "
            f"a path without any of {' '.join(PATTERNS)}; rename it, or make a symbolic link to it "
            "under another name and give that"
        )
