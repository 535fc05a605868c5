"""What a person sees of training: a bar on a terminal, a line for each epoch elsewhere."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@dataclass
class RunningMean:
    """Loss and errors over the images seen since the epoch began.

    Attributes:
        images: how many.
        loss: sum of cross-entropies, nats.
        top1, top5: how many had their true class among the one and five best.
    """

    images: int = 0
    loss: float = 0.0
    top1: float = 0.0
    top5: float = 0.0

    def add(self, images: int, loss: float, top1: float, top5: float) -> None:
        """Adds the sums over one batch."""
        self.images += images
        self.loss += loss
        self.top1 += top1
        self.top5 += top5

    @property
    def mean_loss(self) -> float:
        """The mean cross-entropy of the images so far, nats."""
        return self.loss / max(self.images, 1)

    @property
    def top1_error(self) -> float:
        """The share of the images so far, 0..1, whose true class was not among the best."""
        return 1.0 - self.top1 / max(self.images, 1)

    @property
    def top5_error(self) -> float:
        """The share of the images so far, 0..1, whose true class was not among the best."""
        return 1.0 - self.top5 / max(self.images, 1)


class TrainingProgress:
    """Context manager around a training of at most `steps` steps, `done` of them before it began."""

    def __init__(self, steps: int, done: int, console: Console | None = None):
        self._console = console or Console()
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
        figures = (
            f"epoch {epoch + 1}  loss {seen.mean_loss:.3f}  top-1 {seen.top1_error:.1%}  "
            f"top-5 {seen.top5_error:.1%}  rate {rate:.1e}  {self.images_per_second:.0f} img/s"
        )
        self._bar.update(self._task, advance=1, figures=figures)

    def epoch(self, epoch: int, rate: float, seen: RunningMean, validation: RunningMean) -> None:
        """One epoch is done: a line that stays."""
        self._console.print(
            f"  epoch {epoch + 1:3d}  loss {seen.mean_loss:.3f}"
            f"  top-1/5 error {seen.top1_error:6.1%} {seen.top5_error:6.1%}"
            f"  validation {validation.top1_error:6.1%} {validation.top5_error:6.1%}"
            f"  rate {rate:.1e}  {self.images_per_second:.0f} img/s",
            highlight=False,
            soft_wrap=True,
        )
