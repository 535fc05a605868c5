"""A training step of net D beside Keras's VGG16 under fit, and PyTorch's same net where torch is installed.

    python -m benchmarks.train_step --data /tmp/imagenet250
    python -m benchmarks.train_step --batch 64 --batch 128 --batch 256 --peak-tflops 989  # on a GPU

Each measurement is a fresh process, so that memory is its own; rounds visit all contenders in turn, so that a
noisy machine hits all alike; figures are medians. All train 1000 classes on the same random batch with SGD of
momentum 0.9. Ours is components.training.step under MirroredStrategy, with dropout and the L2 penalty, which
Keras's and PyTorch's nets do not have. With --data, ours also trains on crops of the photographs there, as
the Trainer reads them, and the share of a step spent waiting for them is measured.

To reach: not slower than Keras in float32, 1.8 times Keras's float32 in bfloat16. On 2026-11-21, two cores of
an AMD EPYC, one round of --steps 2 with tests beside it: 0.998 and 1.87, 2.9 GiB to Keras's 3.3. Before the
penalty's gradient and the momentum were computed in place, three rounds: 0.73 (0.96 between the fastest) and
1.90, 3.9 GiB to 3.5; waiting 0.1 %.
"""

import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys

import click
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.train_step_contenders import CONTENDERS

PRECISIONS = ("float32", "bfloat16")


@click.command(help=__doc__.partition("\n")[0])
@click.option("--batch", "batches", multiple=True, type=int, default=(8,), show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--steps", default=3, show_default=True, help="timed in each process, after two that are not")
@click.option("--data", type=click.Path(exists=True, file_okay=False), help="folder by `vgg data folders`")
@click.option("--peak-tflops", type=float, help="the device's peak in bfloat16, to print its utilisation")
@click.option("--step-gflop", default=93.0, show_default=True, help="of one image: forward and backward")
def main(batches, rounds, steps, data, peak_tflops, step_gflop):
    names = [name for name in CONTENDERS if _can_run(name, data)]
    kinds = list(itertools.product(batches, names, PRECISIONS))
    found: dict[tuple, list[dict]] = {kind: [] for kind in kinds}
    click.echo(machine("tensorflow", "keras"))
    for number in range(rounds):
        for kind in kinds:
            found[kind].append(_measure(*kind, steps, data))
            click.echo(
                f"round {number + 1}: {kind} {found[kind][-1]} load {os.getloadavg()[0]:.1f}", err=True
            )
    _print(found, peak_tflops, step_gflop)


def _can_run(name: str, data: str | None) -> bool:
    if name == "torch" and importlib.util.find_spec("torch") is None:
        click.echo("torch: not installed, skipped")
        return False
    return name != "ours, photographs" or data is not None


def _measure(batch: int, name: str, precision: str, steps: int, data: str | None) -> dict:
    arguments = [name, precision, str(batch), str(steps), data or ""]
    command = [sys.executable, "-m", "benchmarks.train_step_contenders", *arguments]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise click.ClickException(f"{name}, {precision}, batch {batch}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _print(found: dict[tuple, list[dict]], peak_tflops: float | None, step_gflop: float) -> None:
    table = Table("net D", "precision", "batch", "img/s", "least..most", "of Keras float32", "GiB", "waiting")
    if peak_tflops:
        table.add_column("of peak")
    for (batch, name, precision), results in found.items():
        speeds = [batch / result["seconds"] for result in results]
        speed = statistics.median(speeds)
        # Round by round, and then the median: what slows a round slows both.
        reference = found[batch, "keras", "float32"]
        ratios = [theirs["seconds"] / own["seconds"] for theirs, own in zip(reference, results, strict=True)]
        row = [name, precision, str(batch), f"{speed:.2f}", f"{min(speeds):.2f}..{max(speeds):.2f}"]
        row += [f"{statistics.median(ratios):.2f}", f"{max(result['gib'] for result in results):.1f}"]
        row.append(f"{statistics.median(result['waiting'] for result in results):.1%}")
        if peak_tflops:
            row.append(f"{speed * step_gflop / 1e3 / peak_tflops:.1%}")
        table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
