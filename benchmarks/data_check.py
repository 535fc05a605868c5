"""`vgg data check` against bare decoding of the same images by all cores.

    python -m benchmarks.data_check

A round reads all records of --data, or of drawn photographs, each way in turn. `bare` is
tf.data's TFRecordDataset, parsing, and tf.io.decode_jpeg of as many at a time as tf.data likes. `check`
is what the command does of each record: checksums, parsing, models.images.decode, EXIF, colour mode, the
hash of the pixels and, in training, their moments, on Beam in this process. Imports, the graph's tracing
and the contact sheets are in neither. Processor time is that of all threads.
"""

import tempfile
from pathlib import Path

import click
import tensorflow as tf

from benchmarks.photographs import DATA_OPTION, data_or_drawn
from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import PROCESSOR, WALL, as_fast, in_rounds, timed
from components.beam_options import BEAM_HERE
from components.checking.examples import layout_of_files
from components.checking.on_beam import check_shards
from components.checking.shard import Shard
from components.datasets.layouts import Layout
from components.datasets.shards import TRAINING, VALIDATION, find_shards
from models.images import DCT


@click.command(help=__doc__.partition("\n")[0])
@DATA_OPTION
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
@JSON_OPTION
def main(data: Path | None, rounds: int, json_file: Path | None) -> None:
    """Print a line for each way, and the ratios."""
    with (
        reporting("data_check", json_file, "apache-beam", rounds=rounds) as report,
        data_or_drawn(data, report) as folder,
    ):
        files = {split is TRAINING: find_shards(str(folder), split) for split in (TRAINING, VALIDATION)}
        places = [(path, training) for training, paths in files.items() for path in paths]
        shards = [Shard(number, *place) for number, place in enumerate(places)]
        layout = layout_of_files([shard.path for shard in shards], str(folder))
        images = _bare(shards, layout)
        ways = {
            "bare": lambda number: timed(lambda: _bare(shards, layout), images),
            "check": lambda number: timed(lambda: _check(shards, layout), images),
        }
        found = in_rounds(ways, rounds, after_each=report.progress)
        report.rounds(found, "image")
        report.compare(*(as_fast(found, "check", "bare", by=by) for by in (WALL, PROCESSOR)))


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


if __name__ == "__main__":
    main()
