"""Memory and time of each component against the number of images.

    .venv/bin/python -m benchmarks.scale --records 10000,100000

Each size is a data set of its own in --work, drawn from a seed: 25 of 26 records are for training, as of
ImageNet, in 1000 classes and 64 shards sorted by class; each is a JPEG of 48 x 48 pixels with one of 1000
textures. A run of a tiny net (width 1/64, crop 32, 20 steps, Q = 32) goes over it in a process of its own.
Every half second the memory of that process and its children is read (Linux's PSS, which counts a page that
two of them share once), and each component gets the highest since the one before it ended. The last column is
what a straight line through the sizes says of ImageNet's number of images: a prediction, and of pictures as
small as these. docs/imagenet.md has the table and what follows from it for photographs.
"""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import Sample

CLASSES, SHARDS, SIDE, TEXTURES = 1000, 64, 48, 1000
VALIDATION = 26  # of so many records one is for validation
STAGE = re.compile(r"^  (\w[\w.-]+) +([\d.]+) s$")
EVERY = 0.5  # seconds between two readings
IMAGENET = 1_281_167 + 50_000  # records


@click.command()
@click.option("--records", default="10000,100000", show_default=True)
@click.option("--work", default="/tmp/vgg-scale", show_default=True, type=click.Path(path_type=Path))
@click.option("--one", is_flag=True, hidden=True, help="Run over the data set in --work.")
@JSON_OPTION
def main(records: str, work: Path, one: bool, json_file: Path | None) -> None:
    """Measure each component at several numbers of records."""
    if one:
        run(work)
        return
    sizes = [int(each) for each in records.split(",")]
    with reporting("scale", json_file, "tfx", "apache-beam", records=sizes) as report:
        measured = {}
        for size in sizes:
            folder = work / str(size)
            shutil.rmtree(folder, ignore_errors=True)
            started = time.monotonic()
            write_data(folder / "data", size)
            bytes_ = sum(path.stat().st_size for path in (folder / "data").iterdir())
            taken = time.monotonic() - started
            report.note(f"{size} records, {bytes_ / 1e6:.0f} MB, written in {taken:.0f} s")
            measured[size] = dict(measure(folder))
            shutil.rmtree(folder)
            samples = {
                name: [Sample(seconds, None, gib=mib / 1024)]
                for name, (seconds, mib) in measured[size].items()
            }
            report.keep(samples, "component", f"{size} records")
        columns = [*map(str, sizes), f"{IMAGENET} predicted"]
        click.echo(f"{'':28}" + "".join(f"{column:>22}" for column in columns))
        for name in measured[sizes[0]]:
            found = [measured[size][name] for size in sizes]
            cells = [f"{seconds:9.1f} s {mib:6.0f} MiB" for seconds, mib in found]
            if len(sizes) > 1:
                seconds, mib = (predicted(sizes, column) for column in zip(*found, strict=True))
                cells.append(f"{seconds:9.0f} s {mib:6.0f} MiB")
            click.echo(f"{name:28}" + "".join(f"{cell:>22}" for cell in cells))


def predicted(sizes: Sequence[int], measured: Sequence[float], at: int = IMAGENET) -> float:
    """What the straight line nearest to the measured values has at another size."""
    slope, start = np.polyfit(sizes, measured, 1)
    return float(start + slope * at)


def write_data(folder: Path, records: int, seed: int = 0) -> None:
    """Shards sorted by class."""
    import tensorflow as tf

    from components.datasets.manifest import Category
    from components.datasets.tfrecords import Picture, to_example

    folder.mkdir(parents=True)
    textures = [_jpeg(np.random.default_rng([seed, number])) for number in range(TEXTURES)]
    categories = [Category(f"n{label:08d}", f"class {label}") for label in range(CLASSES)]
    held_out = records // VALIDATION
    for split, count, shards in (
        ("train", records - held_out, SHARDS),
        ("validation", held_out, SHARDS // 8),
    ):
        labels = np.sort(np.arange(count) % CLASSES) + 1
        place = 0
        for shard, some in enumerate(np.array_split(labels, shards)):
            with tf.io.TFRecordWriter(str(folder / f"{split}-{shard:05d}-of-{shards:05d}")) as writer:
                for label in some:
                    picture = Picture(
                        encoded=textures[place % TEXTURES],
                        label=int(label),
                        filename=f"{split}_{place:08d}.JPEG",
                        height=SIDE,
                        width=SIDE,
                        format="JPEG",
                        colorspace="RGB",
                        channels=3,
                    )
                    writer.write(to_example(picture, categories).SerializeToString())
                    place += 1


def measure(folder: Path) -> Iterator[tuple[str, tuple[float, float]]]:
    """(component, (seconds, MiB)) of one run over the data in a folder."""
    command = [sys.executable, "-m", "benchmarks.scale", "--one", "--work", str(folder)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=quiet)
    peak = _Peak(process.pid)
    for line in process.stdout:
        found = STAGE.match(line.rstrip())
        if found:
            yield found[1], (float(found[2]), peak.since_last())
        elif "peak memory" in line:
            yield "results", (0.0, peak.since_last())
    if process.wait() != 0:
        raise click.ClickException(f"the run over {folder} ended with status {process.returncode}")


def run(folder: Path) -> None:
    """The pipeline over FOLDER/data with a tiny net, then the report."""
    from rich.console import Console

    from components.recipe import Evaluation, TrainerConfig, Training
    from models.net import Net
    from pipeline.environment import Environment
    from pipeline.experiments.catalogue import EXPERIMENTS
    from pipeline.experiments.experiment import Experiment
    from pipeline.pipeline import create_pipeline
    from pipeline.report.writer import report_run
    from pipeline.running.local_runner import Runner

    training = Training(
        smallest_side=32, largest_side=48, batch=256, most_steps=20, learning_rate=1e-3, colour_shift=False
    )
    net = Net("A", classes=CLASSES, width=64, input_size=32)
    experiment = Experiment(
        "scale", "benchmarks/scale.py", TrainerConfig(net, training), Evaluation((32,)), weights="scale"
    )
    environment = dataclasses.replace(
        Environment.from_variables({"VGG_HOME": str(folder / "home"), "VGG_DATA": str(folder / "data")}),
        docker=False,
    )
    Runner(experiment, environment).run(create_pipeline(experiment, environment, EXPERIMENTS))
    started = time.monotonic()
    report_run(environment, Console(), time.time())
    print(f"  report {time.monotonic() - started:.1f} s")


class _Peak:
    """The highest memory of a process and its children, read every EVERY seconds."""

    def __init__(self, pid: int):
        self._pid, self._highest = pid, 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def since_last(self) -> float:
        """MiB; the next time counts from here."""
        self._read()
        highest, self._highest = self._highest, 0.0
        return highest

    def _read(self) -> None:
        self._highest = max(self._highest, sum(map(_proportional, _family(self._pid))))

    def _watch(self) -> None:
        while True:
            self._read()
            time.sleep(EVERY)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*"):
        try:
            children = (task / "children").read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _jpeg(generator: np.random.Generator) -> bytes:
    from io import BytesIO

    from PIL import Image

    coarse = generator.integers(0, 256, (6, 6, 3), np.uint8)
    stream = BytesIO()
    Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(stream, "JPEG")
    return stream.getvalue()


if __name__ == "__main__":
    main()
