"""What a person sees of training: a bar on a terminal, a line for each epoch elsewhere."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@dataclass
class RunningMean:
    """Loss and top-1 error over the images seen since the last reset."""

    images: int = 0
    loss: float = 0.0
    correct: float = 0.0

    def add(self, images: int, mean_loss: float, correct: float) -> None:
        """Adds one step."""
        self.images += images
        self.loss += mean_loss * images
        self.correct += correct

    @property
    def mean_loss(self) -> float:
        """Cross-entropy in nats."""
        return self.loss / max(self.images, 1)

    @property
    def top1_error(self) -> float:
        """Share of images, 0..1."""
        return 1.0 - self.correct / max(self.images, 1)


class TrainingProgress:
    """Context manager around a training of `steps` steps in all."""

    def __init__(self, steps: int, console: Console | None = None):
        self._console = console or Console()
        self._bar = Progress(
            TextColumn("Training"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=steps, figures="")

    def __enter__(self) -> "TrainingProgress":
        self._started, self._images = time.monotonic(), 0
        self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        self._bar.stop()

    @property
    def images_per_second(self) -> float:
        """Mean since training began, reading and validation included."""
        return self._images / max(time.monotonic() - self._started, 1e-9)

    def step(self, epoch: int, seen: RunningMean, images: int) -> None:
        """One step of `images` images is done."""
        self._images += images
        figures = (
            f"epoch {epoch + 1}  loss {seen.mean_loss:.3f}  top-1 error {seen.top1_error:6.1%}  "
            f"{self.images_per_second:.0f} images/s"
        )
        self._bar.update(self._task, advance=1, figures=figures)

    def epoch(self, epoch: int, epochs: int, rate: float, seen: RunningMean, validation: RunningMean) -> None:
        """One epoch is done: a line that stays."""
        self._console.print(
            f"  epoch {epoch + 1:3d}/{epochs}  loss {seen.mean_loss:.3f}  top-1 error {seen.top1_error:6.1%}"
            f"  validation {validation.top1_error:6.1%}  rate {rate:.0e}"
            f"  {self.images_per_second:.0f} images/s",
            highlight=False,
            soft_wrap=True,
        )
