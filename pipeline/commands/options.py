"""Types and options that several commands share, and what the shell completes."""

from collections.abc import Callable, Iterable

import click

from models.errors import InputError

PATH = click.Path(readable=False)
"""Completed by the shell, and not checked: what a command says of a path that it cannot use says more."""

HOME = click.option(
    "--home", envvar="VGG_HOME", type=PATH, help="Folder of everything a run writes.  [default: ~/vgg]"
)

Completion = Callable[[click.Context, click.Parameter, str], list[str]]


def completing(names: Callable[[], Iterable[str]]) -> Completion:
    """For click's `shell_complete`: those of `names()` that begin as the user's word does."""

    def completed(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        return [name for name in names() if name.startswith(begun)]

    return completed


def shorter_sides(text: str | None) -> tuple[int, ...]:
    """Q in pixels, as --q says them: 256,384,512; none where it says nothing.

    Raises:
        InputError: these are no numbers.
    """
    if not text:
        return ()
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"--q {text}: expected shorter sides in pixels, such as 256,384,512") from None
