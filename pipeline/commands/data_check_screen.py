"""The progress of `vgg data check`: how much of the shards is read, and how many images that were."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

from components.checking.look import Advance, Stage
from pipeline.commands.data_screen import stderr_alone


class _Done(ProgressColumn):
    """How many there are so far, and how many a second since the stage began."""

    def render(self, task: Task) -> Text:
        seconds = task.finished_time or task.elapsed
        done, unit = task.fields["done"], task.fields["unit"]
        return Text(f"{done} {unit} {done / seconds if seconds else 0:.0f} {unit}/s")


@contextmanager
def stages() -> Iterator[Stage]:
    """Bars on standard error, one for each stage that is begun; it is theirs alone meanwhile."""
    bars = (TextColumn("{task.description:<10}"), BarColumn(), TaskProgressColumn(), _Done())
    with stderr_alone() as stderr, Progress(*bars, console=Console(file=stderr)) as progress:

        @contextmanager
        def stage(name: str, total: int, unit: str) -> Iterator[Advance]:
            task, done = progress.add_task(name, total=total, unit=unit, done=0), 0

            def advance(things: int, size: int) -> None:
                nonlocal done
                done += things
                progress.update(task, advance=size, done=done)

            yield advance
            progress.update(task, completed=total)  # what gzipped shards hold is larger than they are

        yield stage
