"""What a person sees of training: a bar on a terminal, a line for each epoch elsewhere."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from components.training.objective import Objective


@dataclass
class RunningMean:
    """Loss and errors over the images seen since the epoch began.

    Attributes:
        images: how many.
        loss: sum of their losses.
        right: for each of the objective's errors, how many images are none.
    """

    images: int = 0
    loss: float = 0.0
    right: tuple[float, float] = (0.0, 0.0)

    def add(self, images: int, loss: float, *right: float) -> None:
        """Adds the sums over one batch."""
        self.images += images
        self.loss += loss
        self.right = tuple(before + added for before, added in zip(self.right, right, strict=True))

    @property
    def mean_loss(self) -> float:
        """The mean loss of the images so far."""
        return self.loss / max(self.images, 1)

    @property
    def errors(self) -> tuple[float, float]:
        """The share, 0..1, of the images so far that are each of the objective's errors."""
        first, second = (1.0 - right / max(self.images, 1) for right in self.right)
        return first, second


class TrainingProgress:
    """Context manager around a training of at most `steps` steps, `done` of them before it began.

    `objective` says what its errors are called.
    """

    def __init__(self, steps: int, done: int, objective: Objective, console: Console | None = None):
        self._console, self._objective = console or Console(), objective
        self._bar = Progress(
            TextColumn("Training"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=steps, completed=done, figures="")

    def __enter__(self) -> "TrainingProgress":
        self._started, self._images = time.monotonic(), 0
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    @property
    def images_per_second(self) -> float:
        """Mean since training began or went on, reading and validation included."""
        return self._images / max(time.monotonic() - self._started, 1e-9)

    def resumed(self, step: int, epoch: int) -> None:
        """Training goes on from a checkpoint."""
        self._console.print(f"  going on after step {step}, in epoch {epoch + 1}", highlight=False)

    def step(self, epoch: int, rate: float, seen: RunningMean, images: int) -> None:
        """One step of `images` images is done."""
        self._images += images
        errors = (f"{n} {e:.1%}" for n, e in zip(self._objective.short, seen.errors, strict=True))
        figures = (
            f"epoch {epoch + 1}  loss {seen.mean_loss:.3f}  {'  '.join(errors)}  "
            f"rate {rate:.1e}  {self.images_per_second:.0f} img/s"
        )
        self._bar.update(self._task, advance=1, figures=figures)

    def epoch(self, epoch: int, rate: float, seen: RunningMean, validation: RunningMean) -> None:
        """One epoch is done: a line that stays."""
        self._console.print(
            f"  epoch {epoch + 1:3d}  loss {seen.mean_loss:.3f}"
            f"  {self._objective.title} {_percentages(seen)}"
            f"  validation {_percentages(validation)}"
            f"  rate {rate:.1e}  {self.images_per_second:.0f} img/s",
            highlight=False,
            soft_wrap=True,
        )


def _percentages(seen: RunningMean) -> str:
    return " ".join(f"{error:6.1%}" for error in seen.errors)
