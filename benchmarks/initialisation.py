"""Which initialisation trains which net (section 3.1): `python -m benchmarks.initialisation --data DIR`.

Trains each net of Table 1 at full depth and reduced width from each start, on what `vgg data sample` writes:
at the paper's rate and, while that does not train, at lower ones (not where the scores' standard deviation
is below 0.01 before training: a lower rate makes that slower). Batch 16, no colour shift, the same crops
for all.
Verdicts, by the validation crops after the last epoch:

    trains    top-1 error at most half of chance's: training stops there
    stalls    loss within 2 % of ln(classes), as if nothing were seen; "blind" where no output of fc7 differs
              between any two crops, whatever the loss: training stops there
    diverges  loss or a weight not finite (ReLU may hide the latter from the loss), or loss above that before
    slow      none of these: it learns, but not far enough within the epochs

A literal standard deviation depends on width: a ReLU layer multiplies the scale of activations by about
sigma sqrt(fan-in / 2), and at 1/8 width fan-ins are an eighth, so gains are sqrt(8) smaller than the paper's
(conv1_1 apart, whose fan-in is 27 at any width). So there are two more starts, "paper x" and "small x":
kernels multiplied layer by layer by sqrt(the paper's fan-in / fan-in here), which gives the full-width net's
gains.
"from A" takes A's four convolutions and three FC layers (FROM_A) from an A trained from Glorot's weights, the
rest as named.

A second table is of the full-width nets before training, on four crops of 224 pixels.
"""

import dataclasses
import json
import time
from collections.abc import Iterable
from pathlib import Path

import click
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.initialisation_trials import Pictures, Scale, Trial, scales, starts_of, trials
from models.architectures import ARCHITECTURES, architecture
from models.errors import InputError


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="What `vgg data sample` wrote.")
@click.option("--width", default=8, show_default=True, help="Divisor of the nets' channels.")
@click.option("--size", default=64, show_default=True, help="Crop and S in pixels.")
@click.option("--epochs", default=8, show_default=True, type=click.IntRange(min=1), help="At most.")
@click.option("--nets", default=",".join(ARCHITECTURES), show_default=True)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Where all figures go.")
@click.option("--only", type=click.Choice(["trials", "scales"]), help="One of the two tables.")
def main(data, width, size, epochs, nets, seed, json_file, only) -> None:
    """Which initialisation trains which net, and how large a full-width net's activations are."""
    tf.get_logger().setLevel("ERROR")  # warns of tracing each net anew
    console, began = Console(), time.monotonic()
    tried: list[Trial] = []
    measured: list[Scale] = []
    try:
        names = [architecture(name.strip()).name for name in nets.split(",")]
        pictures = Pictures(data, size, seed)
        if only != "scales":
            _run_trials(trials(names, pictures, width, size, epochs, seed), names, tried, console)
        if only != "trials":
            _run_scales(scales(names, pictures, seed), measured, console)
    except InputError as error:
        raise click.ClickException(str(error)) from None
    finally:
        for table in filter(None, (_grid(tried), _scale_grid(measured))):
            console.print(f"\n{table}", highlight=False, soft_wrap=True)
        if json_file and (tried or measured):
            rows = {"trials": tried, "scales": measured}
            written = {name: [_plain(row) for row in found] for name, found in rows.items()}
            json_file.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        if tried or measured:
            console.print(f"\n{time.monotonic() - began:.0f} s", highlight=False)


def _run_trials(running: Iterable[Trial], nets: list[str], tried: list[Trial], console: Console) -> None:
    pairs = sum(len(starts_of(net)) for net in nets)
    console.print(f"{'net':6}{'start':16}{'rate':>7}  {'loss before':>11}  {'after':>7}"
                  f"  {'top-1 error':>11}  {'blind':>5}  {'epochs':>6}  verdict", soft_wrap=True)  # fmt: skip
    with _progress(console) as bar:
        task = bar.add_task("training", total=pairs)
        for trial in running:
            tried.append(trial)
            bar.update(task, completed=len({(t.net, t.start) for t in tried}))
            at = f" at step {trial.non_finite_step}" if trial.non_finite_step else ""
            figures = f"{trial.loss:7.4g}  {trial.error:11.1%}  {trial.blind:5.0%}".replace("nan%", "   -")
            figures = f"{trial.loss_before:11.4g}  {figures.replace('nan', '  -')}  {trial.epochs:6}"
            line = f"{trial.net:6}{trial.start:16}{trial.rate:7.1e}  {figures}  {trial.verdict}{at}"
            console.print(line, highlight=False, soft_wrap=True)


def _run_scales(running: Iterable[Scale], measured: list[Scale], console: Console) -> None:
    console.print(f"\n{'net':6}{'start':8}  {'loss':>9}  last convolution's std  {'scores std':>10}")
    for scale in running:
        measured.append(scale)
        figures = f"{scale.loss:9.3g}  {scale.last_convolution:22.3g}  {scale.scores:10.3g}"
        line = f"{scale.net:6}{scale.start:8}  {figures}"
        console.print(line, highlight=False, soft_wrap=True)


def _plain(row: Trial | Scale) -> dict:
    """As JSON has it, which has no NaN."""
    return {name: None if value != value else value for name, value in dataclasses.asdict(row).items()}


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _grid(tried: list[Trial]) -> str:
    """Markdown: a row for each net, a column for each start, in a cell what became of each rate."""
    cells: dict[str, dict[str, list[str]]] = {}
    for trial in tried:
        error = f" {trial.error:.0%}" if trial.verdict in ("trains", "slow") else ""
        text = f"{trial.verdict}{error} ({_rate(trial.rate)})"
        cells.setdefault(trial.start, {}).setdefault(trial.net, []).append(text)
    return _markdown(cells, list(dict.fromkeys(trial.net for trial in tried)))


def _scale_grid(measured: list[Scale]) -> str:
    cells: dict[str, dict[str, list[str]]] = {}
    for scale in measured:
        text = f"{scale.loss:.3g} / {scale.last_convolution:.2g} / {scale.scores:.2g}"
        cells.setdefault(scale.start, {}).setdefault(scale.net, []).append(text)
    return _markdown(cells, list(dict.fromkeys(scale.net for scale in measured)))


def _markdown(cells: dict[str, dict[str, list[str]]], nets: list[str]) -> str:
    rows = [["start", *nets], ["---"] * (len(nets) + 1)] if cells else []
    rows += [[start, *("; ".join(found.get(net, ["-"])) for net in nets)] for start, found in cells.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rate(rate: float) -> str:
    return f"{rate:.1e}".replace(".0e", "e").replace("e-0", "e-")


if __name__ == "__main__":
    main()
