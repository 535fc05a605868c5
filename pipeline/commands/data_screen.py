"""What `vgg data` shows: progress while a data set is written, and what came of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from components.datasets.manifest import MANIFEST, DataSet
from components.datasets.tfrecords import Unreadable, Watcher


class _Rate(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f} images/s")


class Screen(Watcher):
    """A progress bar per split, and a line for each unreadable file; both on stderr."""

    def __init__(self, progress: Progress):
        self.begin = time.monotonic()
        self._progress = progress
        self._tasks = {}

    def image(self, split: str, total: int) -> None:
        """Moves the bar of `split` on by one."""
        if split not in self._tasks:
            self._tasks[split] = self._progress.add_task(split, total=total)
        self._progress.advance(self._tasks[split])

    def unreadable(self, source: Unreadable) -> None:
        """Prints the file's line."""
        line = f"unreadable: {_printable(source.file)}: {_printable(source.reason)}"
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def screen() -> Iterator[Screen]:
    """Shows progress until the block ends."""
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Screen(progress)


def summarise(made: DataSet, watcher: Screen) -> None:
    """What the folder holds, on standard output."""
    if made.already_there:
        click.echo("already there: the same data set, left untouched")
    _line("folder", _printable(str(made.folder)))
    for name, report in made.splits.items():
        _line(name, f"{_count(report.images, 'image')} in {_count(len(report.shards), 'shard')}")
    _line("classes", f"{len(made.categories)}: {_printable(_listed([one.text for one in made.categories]))}")
    _line("size", f"{made.bytes / 1e6:.1f} MB")
    for remark in ("unreadable", "changed"):
        number = sum(len(getattr(report, remark)) for report in made.splits.values())
        if number:
            _line(remark, f"{_count(number, 'file')}, listed with the reasons in {MANIFEST}")
    if made.other_files:
        number = sum(made.other_files.values())
        _line(
            "passed over",
            f"{_count(number, 'file')} by suffix: {_printable(_listed(list(made.other_files)))}",
        )
    _note_unvalidated(made)
    _line("time", f"{time.monotonic() - watcher.begin:.1f} s")


def _note_unvalidated(made: DataSet) -> None:
    """Names the classes that no validation image tells anything of."""
    train, validation = (made.splits[name].per_class for name in ("train", "validation"))
    names = [one.text for one in made.categories if train.get(one.synset) and not validation.get(one.synset)]
    if names:
        classes = "1 class" if len(names) == 1 else f"{len(names)} classes"
        _line(
            "note", f"no validation image of {classes}: {_printable(_listed(names))}; add images to have one"
        )


def _line(title: str, text: str) -> None:
    click.echo(f"{title:<11} {text}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _printable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()
