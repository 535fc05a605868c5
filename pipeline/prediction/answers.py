"""Predictions as people and as programs read them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

BAR = 24  # characters


@dataclass(frozen=True)
class Answer:
    """What came of one image.

    Attributes:
        image: its name, printable.
        best: (class, probability in 0..1), the best first; empty where the image cannot be used.
        error: why not, else None.
    """

    image: str
    best: Sequence[tuple[str, float]]
    error: str | None = None


def show(answers: Iterable[Answer], count: int, *, source: str, signature: str, json_: bool) -> int:
    """Prints the answers as they come, or as one JSON document at the end; a line for each unusable image.

    Results go to standard output; lines about images and the progress of `count` images to standard error.

    Returns:
        How many images could not be used.
    """
    console = Console(highlight=False)
    kept, unusable = [], 0
    with _progress(count, shown=json_ or not console.is_terminal) as progress:
        for answer in progress.track(answers, total=count, description="images"):
            if answer.error:
                unusable += 1
                line = f"vgg: {answer.image}: {answer.error}"
                progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
            if json_:
                kept.append(_plain(answer))
            elif not answer.error:
                _print(console, answer)
    if json_:
        document = {"model": source, "signature": signature, "images": kept}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    return unusable


def _plain(answer: Answer) -> dict:
    if answer.error:
        return {"image": answer.image, "error": answer.error}
    best = [{"class": name, "probability": value} for name, value in answer.best]
    return {"image": answer.image, "classes": best}


def _print(console: Console, answer: Answer) -> None:
    """With bars in a terminal; elsewhere a line for a class, not cut and not folded."""
    if not console.is_terminal:
        lines = [f"  {100 * value:5.1f} %  {name}" for name, value in answer.best]
        click.echo("\n".join([answer.image, *lines, ""]))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=BAR + 2)
    table.add_column(justify="right", no_wrap=True, min_width=7)
    table.add_column(overflow="fold")
    for rank, (name, value) in enumerate(answer.best):
        bar = ProgressBar(1, value, BAR, complete_style="cyan", finished_style="cyan")
        table.add_row(bar, f"{100 * value:.1f} %", Text(name, style="" if rank else "bold"))
    console.print(Text(answer.image, style="bold"), soft_wrap=True)
    console.print(table)
    console.print()


def _progress(count: int, *, shown: bool) -> Progress:
    """On standard error, for several images whose results are not on the screen themselves."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = not shown or count < 2 or not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=hidden)
