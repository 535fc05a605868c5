"""Predictions as people and as programs read them."""

import json
from collections.abc import Iterable, Iterator, Sequence

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pipeline.prediction.asking import Answer
from serving.locating import Located

BAR = 24  # characters


def show(answers: Iterable[Answer], count: int, *, source: str, signature: str, top: int, json_: bool) -> int:
    """Prints the `top` best classes of answers as they come, or as one JSON document at the end; a line for
    each unusable image. The first question was for the best classes.

    Results go to standard output; lines about images and the progress of `count` images to standard error.

    Returns:
        How many images could not be used.
    """
    console = Console(highlight=False)
    kept, unusable = [], 0
    for answer in watched(answers, count, shown=json_ or not console.is_terminal):
        unusable += answer.error is not None
        if json_:
            kept.append(_plain(answer, top))
        elif not answer.error:
            _print(console, answer.photograph.name, answer.values[0][:top], answer.picture)
    if json_:
        document = {"model": source, "signature": signature, "images": kept}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    return unusable


def watched(answers: Iterable[Answer], count: int, *, shown: bool) -> Iterator[Answer]:
    """The answers, a line on standard error for each unusable image, and a bar if it is to be `shown`."""
    with _progress(count, shown=shown) as progress:
        for answer in progress.track(answers, total=count, description="images"):
            if answer.error:
                line = f"vgg: {answer.photograph.name}: {answer.error}"
                progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
            yield answer


def _plain(answer: Answer, top: int) -> dict:
    if answer.error:
        return {"image": answer.photograph.name, "error": answer.error}
    best = [_plain_class(one) for one in answer.values[0][:top]]
    picture = {"picture": answer.picture} if answer.picture else {}
    return {"image": answer.photograph.name, "classes": best, **picture}


def _plain_class(one: tuple[str, float] | Located) -> dict:
    found = {"class": one[0], "probability": one[1]}
    return {**found, "box": list(one.box), "box_score": one.score} if isinstance(one, Located) else found


def _print(console: Console, image: str, best: Sequence[tuple[str, float] | Located], picture: str) -> None:
    """With bars in a terminal; elsewhere a line for a class, not cut and not folded."""
    drawn = f"Boxes: {picture}" if picture else ""
    if not console.is_terminal:
        lines = [f"  {100 * one[1]:5.1f} %  {one[0]}{_place(one)}" for one in best]
        click.echo("\n".join([image, *lines, *([f"  {drawn}"] if drawn else []), ""]))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=BAR + 2)
    table.add_column(justify="right", no_wrap=True, min_width=7)
    table.add_column(overflow="fold")
    for rank, one in enumerate(best):
        bar = ProgressBar(1, one[1], BAR, complete_style="cyan", finished_style="cyan")
        words = Text(one[0], style="" if rank else "bold").append(_place(one), style="dim")
        table.add_row(bar, f"{100 * one[1]:.1f} %", words)
    console.print(Text(image, style="bold"), soft_wrap=True)
    console.print(table)
    if drawn:
        console.print(Text(drawn), soft_wrap=True)
    console.print()


def _place(one: tuple[str, float] | Located) -> str:
    """Where its box is, in pixels of the photograph as it looks."""
    if not isinstance(one, Located):
        return ""
    left, top, right, bottom = (round(side) for side in one.box)
    return f"  at {left}, {top} to {right}, {bottom}"


def _progress(count: int, *, shown: bool) -> Progress:
    """On standard error, for several images whose results are not on the screen themselves."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = not shown or count < 2 or not console.is_terminal
    return Progress(*columns, console=console, transient=True, disable=hidden)
