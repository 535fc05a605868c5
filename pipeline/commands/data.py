"""`vgg data`: makes data sets that the pipeline reads."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from components.datasets.folders import Options, write_folders
from components.datasets.manifest import MANIFEST, DataSet
from components.datasets.sample import write_sample
from components.datasets.tfrecords import Unreadable, Watcher

OUT = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the data set: a new or an empty one. It appears when all is written.",
)
SEED = click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))


@click.group()
def data() -> None:
    """Make data sets in the schema of build_imagenet_data.py."""


@data.command()
@OUT
@click.option("--train-per-class", default=100, show_default=True, type=click.IntRange(min=1))
@click.option("--validation-per-class", default=30, show_default=True, type=click.IntRange(min=1))
@SEED
def sample(out: Path, train_per_class: int, validation_per_class: int, seed: int) -> None:
    """Draw a data set: ten shapes, in the sizes of photographs."""
    with _screen() as watcher:
        made = write_sample(
            out,
            train_per_class=train_per_class,
            validation_per_class=validation_per_class,
            seed=seed,
            watcher=watcher,
        )
    _summarise(made, watcher)


@data.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@OUT
@click.option(
    "--validation-fraction",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the images kept for validation, where SRC has no folder for it.",
)
@SEED
@click.option(
    "--class-list",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Lines SYNSET<TAB>NAME or NAME; line i names the class of label i. Else: the folders' order.",
)
@click.option("--train-shards", type=click.IntRange(min=1), help="Else one for about 500 images, at least 2.")
@click.option("--validation-shards", type=click.IntRange(min=1), help="Else one for about 500 images.")
@click.option("--strict", is_flag=True, help="Write nothing if any file is unreadable.")
def folders(source: Path, out: Path, **options) -> None:
    """Write the photographs of SRC, one folder per class.

    SRC holds train/CLASS/*.jpg and val/CLASS/*.jpg (or validation/), or CLASS/*.jpg, which is split by a hash
    of each file's name. JPEG and PNG files are stored as they are; unreadable ones are listed.
    """
    with _screen() as watcher:
        made = write_folders(source, out, Options(**options), watcher=watcher)
    _summarise(made, watcher)


class _Rate(ProgressColumn):
    """Images per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.finished_speed or task.speed or 0:.0f} images/s")


class _Screen(Watcher):
    """A progress bar per split, and a line for each unreadable file; both on stderr."""

    def __init__(self, progress: Progress):
        self.begin = time.monotonic()
        self._progress = progress
        self._tasks = {}

    def image(self, split: str, total: int) -> None:
        if split not in self._tasks:
            self._tasks[split] = self._progress.add_task(split, total=total)
        self._progress.advance(self._tasks[split])

    def unreadable(self, source: Unreadable) -> None:
        line = f"unreadable: {_printable(source.file)}: {_printable(source.reason)}"
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _screen() -> Iterator[_Screen]:
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Screen(progress)


def _summarise(made: DataSet, watcher: _Screen) -> None:
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
    _line("time", f"{time.monotonic() - watcher.begin:.1f} s")


def _line(title: str, text: str) -> None:
    click.echo(f"{title:<11} {text}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def _printable(text: str) -> str:
    """File names may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()
