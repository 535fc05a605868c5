"""A training step of net D beside Keras's VGG16 under fit, and PyTorch's same net where torch is installed.

    python -m benchmarks.train_step
    python -m benchmarks.train_step --batch 64 --batch 128 --batch 256 --peak-tflops 989  # on a GPU

Each contender is a process, so that memory is its own, and does one step a round; all train 1000 classes on
the same random batch with SGD of momentum 0.9. Ours is components.training.step under MirroredStrategy, with
dropout and the L2 penalty. Keras's net is shown without the two, and with them as Keras offers them. Of our
step, the forward pass and the forward pass with the gradients are contenders too, so what is left is the
optimiser's. The matrix product is the processor's peak. With --data, ours also trains on crops of the
photographs there, as the Trainer reads them, and the share of a step spent waiting for them is measured.

To reach: not slower than Keras in float32, and 0.85 of the matrix product; bfloat16 never slower than float32
without a word (`vgg doctor` measures it). docs/results.md has what was measured.
"""

import importlib.util
import itertools
from contextlib import ExitStack

import click

from benchmarks.report import JSON_OPTION, Report, reporting
from benchmarks.rounds import PROCESSOR, WALL, Sample, as_fast, fastest, in_rounds
from benchmarks.train_step_contenders import CONTENDERS, PRODUCT_SIDE, PRODUCTS
from benchmarks.turns import Contender
from models.net import Net
from pipeline.nets.network_cost import cost

PRECISIONS = ("float32", "bfloat16")
PEAK, PHOTOGRAPHS = "matrix product", "ours, photographs"
OF_KERAS, OF_PEAK = 1.0, 0.85


@click.command(help=__doc__.partition("\n")[0])
@click.option("--batch", "batches", multiple=True, type=int, default=(8,), show_default=True)
@click.option("--rounds", default=7, show_default=True, help="A step of each contender in each.")
@click.option("--only", multiple=True, type=click.Choice(list(CONTENDERS)), help="These contenders.")
@click.option("--precision", "precisions", multiple=True, type=click.Choice(PRECISIONS), default=PRECISIONS)
@click.option("--data", type=click.Path(exists=True, file_okay=False), help="folder by `vgg data folders`")
@click.option("--peak-tflops", type=float, help="the device's peak in bfloat16, to print its utilisation")
@JSON_OPTION
def main(batches, rounds, only, precisions, data, peak_tflops, json_file):
    settings = {"batches": batches, "rounds": rounds, "only": only, "precisions": precisions}
    with reporting("train_step", json_file, "keras", **settings) as report:
        for batch in batches:
            names = [name for name in only or CONTENDERS if _can_run(name, data, report)]
            kinds = list(itertools.product(names, precisions))
            found = _measured(kinds, batch, rounds, data, report)
            report.rounds(found, "image", f"batch {batch}")
            _compare(report, found, precisions, batch, peak_tflops)


def _can_run(name: str, data: str | None, report: Report) -> bool:
    if name == "torch" and importlib.util.find_spec("torch") is None:
        report.note("torch: not installed, left out")
        return False
    return name != PHOTOGRAPHS or data is not None


def _measured(
    kinds: list[tuple[str, str]], batch: int, rounds: int, data: str | None, report: Report
) -> dict[str, list[Sample]]:
    """Samples whose unit is an image; of the matrix product, an image's worth of operations."""
    with ExitStack() as stack:
        contenders = {
            _label(*kind): stack.enter_context(
                Contender(_label(*kind), "benchmarks.train_step_contenders", *kind, str(batch), data or "")
            )
            for kind in kinds
        }
        counts = {label: _images(label, batch) for label in contenders}
        steps = {
            label: lambda number, label=label: contenders[label].step(counts[label]) for label in contenders
        }
        found = in_rounds(steps, rounds, warming_up=2, after_each=report.progress)
        for label, contender in contenders.items():
            if label.startswith(PHOTOGRAPHS):
                waits = sum(one["waited"] for one in contender.more[2:])
                share = waits / sum(sample.seconds for sample in found[label])
                report.note(f"{label}: {share:.1%} of a step waits for crops")
        return found


def _label(name: str, precision: str) -> str:
    return f"{name}, {precision}"


def _images(label: str, batch: int) -> float:
    if not label.startswith(PEAK):
        return batch
    return PRODUCTS * 2 * PRODUCT_SIDE**3 / _step_flop()


def _step_flop() -> float:
    """Of an image: the backward pass has two products for each of the forward one's."""
    return 3 * cost(Net("D")).forward_flop


def _compare(report: Report, found: dict, precisions: tuple, batch: int, peak_tflops: float | None) -> None:
    for precision in precisions:
        mine = _label("ours", precision)
        wanted = {_label("keras", precision): OF_KERAS, _label("keras, L2 and dropout", precision): OF_KERAS}
        for other, least in {**wanted, _label(PEAK, precision): OF_PEAK}.items():
            if mine in found and other in found:
                report.compare(
                    *(as_fast(found, mine, other, by=by, wanted=least) for by in (WALL, PROCESSOR))
                )
    both = [_label("ours", precision) for precision in reversed(PRECISIONS)]
    if all(label in found for label in both):
        report.compare(as_fast(found, *both, by=WALL))
    if peak_tflops:
        for label, samples in found.items():
            share = _step_flop() / fastest(samples, WALL) / 1e12 / peak_tflops
            report.note(f"batch {batch}, {label}: {share:.1%} of {peak_tflops} TFLOP/s")


if __name__ == "__main__":
    main()
