"""What `vgg data` shows while a data set is made."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from components.datasets.manifest import MANIFEST
from components.datasets.tfrecords import Watcher
from models.quiet_imports import stderr_to

MOST_LINES = 20


class _Rate(ProgressColumn):
    """Images per second from the stage's first to its last one, which come in blocks close together."""

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        return Text(f"{task.completed / seconds if seconds else 0:.0f} {task.fields.get('unit', 'images')}/s")


class Screen(Watcher):
    """A progress bar per stage, and a line for each of the first unreadable files; both on stderr."""

    def __init__(self, progress: Progress):
        self.begin = time.monotonic()
        self._progress = progress
        self._tasks = {}
        self._unreadable = 0

    def begins(self, stage: str, total: int, unit: str = "images") -> None:
        """Shows the bar of `stage`."""
        self._tasks[stage] = self._progress.add_task(stage, total=total, unit=unit)

    def step(self, stage: str, total: int, number: int = 1) -> None:
        """Moves the bar of `stage` on."""
        if stage not in self._tasks:
            self.begins(stage, total)
        self._progress.advance(self._tasks[stage], number)

    def unreadable(self, file: str, reason: str) -> None:
        """Prints the file's line."""
        self._unreadable += 1
        if self._unreadable <= MOST_LINES:
            self._print(f"unreadable: {printable(file)}: {printable(reason)}")
        elif self._unreadable == MOST_LINES + 1:
            self._print(f"unreadable: more files, all listed in {MANIFEST} once the data set is written")

    def _print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def columns() -> tuple[ProgressColumn, ...]:
    """Of a stage's line."""
    return TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), _Rate()


@contextmanager
def screen() -> Iterator[Screen]:
    """Shows progress until the block ends."""
    with stderr_alone() as stderr, Progress(*columns(), console=Console(file=stderr)) as progress:
        yield Screen(progress)


def printable(text: str) -> str:
    """File names may hold line breaks, and bytes that are no text."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


@contextmanager
def stderr_alone() -> Iterator[TextIO]:
    """Standard error without what libraries print to it meanwhile.

    libjpeg in TensorFlow writes `Corrupt JPEG data: premature end of data segment` and names no file.
    """
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # no file, as where a test replaced it
        yield sys.stderr
        return
    with (
        open(descriptor, "w", encoding=sys.stderr.encoding, errors="backslashreplace") as alone,
        open(os.devnull, "w") as nowhere,
        stderr_to(nowhere),
    ):
        yield alone
