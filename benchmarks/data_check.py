"""`vgg data check` against bare decoding of the same images by all cores.

    python -m benchmarks.data_check --data FOLDER

A round reads all records of FOLDER each way in turn, so that a noisy machine hits both alike. `bare` is
tf.data's TFRecordDataset, parsing, and tf.io.decode_jpeg of as many at a time as tf.data likes. `check`
is what the command does of each record: checksums, parsing, models.images.decode, EXIF, colour mode, the
hash of the pixels and, in training, their moments, on Beam in this process. Imports, the graph's tracing
and the contact sheets are in neither. Processor time is that of all threads.
"""

import statistics
import tempfile
import time
from collections.abc import Callable

import click
import tensorflow as tf

from benchmarks.machine import machine
from components.beam_options import BEAM_HERE
from components.checking.examples import layout_of_files
from components.checking.on_beam import check_shards
from components.checking.shard import Shard
from components.datasets.layouts import Layout
from components.datasets.shards import TRAINING, VALIDATION, find_shards
from models.images import DCT


@click.command(help=__doc__.partition("\n")[0])
@click.option("--data", required=True, help="Folder of TFRecords.")
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
def main(data: str, rounds: int) -> None:
    """Print a line for each way, and the ratios."""
    files = {True: find_shards(data, TRAINING), False: find_shards(data, VALIDATION)}
    places = [(path, training) for training, paths in files.items() for path in paths]
    shards = [Shard(number, *place) for number, place in enumerate(places)]
    layout = layout_of_files([shard.path for shard in shards], data)
    ways = {"bare": lambda: _bare(shards, layout), "check": lambda: _check(shards, layout)}
    images = _bare(shards, layout)
    _check(shards, layout)
    click.echo(machine("tensorflow", "apache-beam"))
    click.echo(f"{images} images, {rounds} rounds; the median, the least and the most of them")
    found = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(_timed(way))
    for name, times in found.items():
        wall, processor = ([images / each[i] for each in times] for i in (0, 1))
        click.echo(f"{name:6} {_spread(wall)} images/s; {_spread(processor)} a second of processor time")
    for i, what in enumerate(("wall", "processor")):
        ratios = [bare[i] / check[i] for bare, check in zip(*found.values(), strict=True)]
        click.echo(f"check is {statistics.median(ratios):.2f} of bare decoding by {what} time")


def _bare(shards: list[Shard], layout: Layout) -> int:
    spec = {layout.image: tf.io.FixedLenFeature([], tf.string)}

    def decode(record):
        encoded = tf.io.parse_single_example(record, spec)[layout.image]
        return tf.shape(tf.io.decode_jpeg(encoded, 3, dct_method=DCT))[0]

    records = tf.data.TFRecordDataset([shard.path for shard in shards])
    heights = records.map(decode, tf.data.AUTOTUNE, deterministic=False)
    return sum(1 for _ in heights.as_numpy_iterator())


def _check(shards: list[Shard], layout: Layout) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check_shards(shards, layout, folder, BEAM_HERE)


def _timed(way: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of all threads' processor time."""
    begin = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - begin[0], time.process_time() - begin[1]


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    main()
