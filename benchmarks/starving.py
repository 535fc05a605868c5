"""Whether training crops come as fast as a GPU takes them: a simulated device, and the real input beside it.

    python -m benchmarks.starving

The device is a stand-in: it takes a batch and sleeps as long as one that trains --device images a second
would take; 4000 is a guess at an H100 and net D. What it waits for the next batch is starving. Drawn
photographs, or those below --photographs, are in the page cache. How many cores would keep the device busy
follows from the processor's time for an image. Ways beside the Trainer's own:

    decoded      all photographs decoded in memory, of which only windows are rescaled: what a cache can give
    threads      a private pool of as many threads as cores, and no others within an operation
    S = 256      the smallest scale alone
    pre-scaled   the same from shards by `vgg data folders --shorter-side 256`
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

from benchmarks.input_pipeline import AUGMENTATION
from benchmarks.machine import cores
from benchmarks.photographs import DRAWN, draw
from benchmarks.report import JSON_OPTION, Report, reporting
from benchmarks.rounds import PROCESSOR, Sample, as_fast, fastest, in_rounds
from components.datasets.folders import Options, write_folders
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training import input_pipeline
from components.training.answers import parse_class
from components.training.input_pipeline import Source, training_crops
from components.training.record_reader import records_in_order
from models import images, training_crop
from models.untuned import untuned

SMALLEST = AUGMENTATION.scales[0]
OURS = "the Trainer's way"


@click.command(help=__doc__.partition("\n")[0])
@click.option("--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--device", default=4000, show_default=True, help="Images a second that it trains.")
@click.option("--batch", default=64, show_default=True)
@click.option("--batches", default=6, show_default=True, help="In a round.")
@click.option("--rounds", default=5, show_default=True)
@JSON_OPTION
def main(photographs, device, batch, batches, rounds, json_file) -> None:
    settings = {"device": device, "batch": batch, "batches": batches, "rounds": rounds}
    with reporting("starving", json_file, **settings) as report, ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if photographs is None:
            photographs = folder / "photographs"
            draw(photographs, DRAWN)
        ways = _ways(photographs, folder, batch * (batches + 1))
        waited: dict[str, list[float]] = {name: [] for name in ways}
        calls = {
            name: lambda epoch, name=name: _fed(ways[name](epoch), device, batch, batches, waited[name])
            for name in ways
        }
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "image")
        _say(report, found, waited, device)


def _ways(photographs: Path, folder: Path, images: int) -> dict[str, Callable[[int], tf.data.Dataset]]:
    """Crops of an epoch of at least so many images."""
    whole = _source(photographs, folder / "whole", None, images)
    small = _source(photographs, folder / "small", SMALLEST, images)
    smallest = replace(AUGMENTATION, scales=(SMALLEST, SMALLEST))
    decoded = _decoded(whole)
    options = tf.data.Options()
    options.threading.private_threadpool_size = cores()
    options.threading.max_intra_op_parallelism = 1
    return {
        OURS: lambda epoch: training_crops(whole, AUGMENTATION, epoch),
        "decoded": lambda epoch: _of_decoded(decoded, epoch),
        "threads": lambda epoch: training_crops(whole, AUGMENTATION, epoch).with_options(options),
        f"S = {SMALLEST}": lambda epoch: training_crops(whole, smallest, epoch),
        f"S = {SMALLEST}, pre-scaled": lambda epoch: training_crops(small, smallest, epoch),
    }


def _source(photographs: Path, out: Path, shorter_side: int | None, images: int) -> Source:
    made = write_folders(photographs, out, Options(shorter_side=shorter_side))
    files = find_shards(str(made.folder), TRAINING)
    return Source(index_of(files * -(-images // len(index_of(files)))), IMAGENET)


def _decoded(source: Source) -> tf.data.Dataset:
    """(place, uint8 [H, W, 3]) of each record, in memory once it was read to its end."""
    records = records_in_order(source.records, np.arange(len(source.records)))
    pixels = records.map(
        lambda record: images.decode(parse_class(record, source.layout)[0]), tf.data.AUTOTUNE
    )
    held = pixels.enumerate().cache()
    for _ in held:
        pass
    return held


def _of_decoded(decoded: tf.data.Dataset, epoch: int) -> tf.data.Dataset:
    def crop(place, pixels):
        drawn = training_crop.draw(input_pipeline.seed_of(AUGMENTATION, epoch, place))
        size = tf.shape(pixels)[:2]
        window = training_crop.crop_window(
            size, scales=AUGMENTATION.scales, size=AUGMENTATION.size, drawn=drawn
        )
        seen = tf.slice(pixels, tf.pad(window.start, [[0, 1]]), tf.concat([window.size, [3]], 0))
        held = training_crop.DecodedCrop(seen, window.scale, window.translation, window.place, drawn[3] < 0.5)
        resampled = training_crop.resample(held, size=AUGMENTATION.size)
        return images.subtract_mean(resampled, tf.constant(AUGMENTATION.mean_rgb))

    return decoded.map(crop, tf.data.AUTOTUNE)


def _fed(crops: tf.data.Dataset, device: float, batch: int, batches: int, waited: list[float]) -> Sample:
    """A round of the stand-in's steps; adds to `waited` the share of the round that it waited."""
    elements = iter(untuned(crops.batch(batch, drop_remainder=True).prefetch(2)))
    next(elements)  # its time is that of building the graph, too
    waits, begin, processor = 0.0, time.perf_counter(), time.process_time()
    for _ in range(batches):
        asked = time.perf_counter()
        next(elements)
        waits += time.perf_counter() - asked
        time.sleep(batch / device)
    seconds = time.perf_counter() - begin
    waited.append(waits / seconds)
    return Sample(seconds, time.process_time() - processor, batch * batches)


def _say(report: Report, found: dict, waited: dict[str, list[float]], device: float) -> None:
    for name, samples in found.items():
        needed = device * fastest(samples, PROCESSOR)
        report.note(
            f"{name}: of {cores()} cores the device waits {min(waited[name]):.0%} of the time at best; "
            f"{needed:.1f} cores like these would feed it"
        )
    report.compare(*(as_fast(found, name, OURS) for name in found if name != OURS))


if __name__ == "__main__":
    main()
