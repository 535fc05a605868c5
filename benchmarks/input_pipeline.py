"""Training crops a second from JPEG TFRecords, with scale jitter, flip and colour shift.

    .venv/bin/python -m benchmarks.input_pipeline --data DIR

DIR is a data set as `vgg data folders` writes it. Four contenders read the same records in the same order;
a round measures each of them once, so that a busy machine slows all alike, and medians over the rounds are
printed:

    ours        components.training.input_pipeline.training_crops, in batches
    whole       decode all, rescale to S without antialias, crop, flip, less the mean, in batches: what the
                TensorFlow models' VGG preprocessing does; no colour shift
    window      bare decode_and_crop_jpeg of our windows, one at a time: the limit
    window-fast the same with dct_method="INTEGER_FAST", fancy_upscaling=False

To reach: ours 1.5 times `whole` and 0.85 of `window`. Both missed: on 2026-11-21, two cores of an AMD EPYC
at load 0.9 to 2.4, --repeat 7 --images 1000, timed with the building of each epoch's graph, 0.90 and 0.63 by
time, 1.26 and 0.69 by CPU. From the first element on, 3000 images, a script of the same contenders: 1.45 and
0.68 by CPU; by time 1.31 and 0.64 between epochs that had both cores. This machine gives the same epoch 1.1
cores or 1.9, `whole` 599 or 1051 images/s, whatever parallelism, thread pools and malloc's thresholds are.

Tried, in microseconds an image on one core of an AMD EPYC, 250 ImageNet photographs, S in [256; 512], some of
CPU and some, on the then idle machine, of time:

- decoding whole 1020, the window alone 700; INTEGER_FAST without fancy upscaling 700: libjpeg-turbo's
  accurate DCT is as fast here, so the pixels stay the accurate ones
- rescaling a window: ScaleAndTranslate 880; its row pass, a transpose, and both again, the same bits, 420;
  ResizeBilinear 130, but it neither starts between pixels nor widens its filter when it shrinks;
  crop_and_resize 480; Pillow's resize with a box 360..850; SpaceToBatchND as transpose slower than
  tf.transpose
- less the mean: [224, 224, 3] - [3] takes 490, [224, 672] - [672] takes 20
- flip: a strided slice of step -1 230, Reverse 20
- max_intra_op_parallelism = 1, with and without a private thread pool: 680 and 859 images/s where the default
  made 872
- drawing and the window's arithmetic 100, the branch for images that are no JPEGs 100
"""

import datetime
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training import input_pipeline
from components.training.answers import parse_class
from components.training.input_pipeline import Augmentation, Source, epoch_order, training_crops
from components.training.record_reader import records_in_order
from models import images, training_crop

SCALES, SIZE = (256, 512), 224
MEAN_RGB = (123.7, 116.8, 103.9)
COLOURS = np.diag([55.5, 4.8, 1.1]).astype(np.float32)
AUGMENTATION = Augmentation(scales=SCALES, size=SIZE, mean_rgb=MEAN_RGB, colours=COLOURS, seed=0)


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--batch", default=32, show_default=True)
@click.option("--images", "most", default=2000, show_default=True, help="Images a measurement, at least.")
@click.option("--repeat", default=7, show_default=True, help="Rounds; medians are taken over them.")
def main(data: Path, batch: int, most: int, repeat: int) -> None:
    """Measure the input pipeline."""
    files = find_shards(str(data), TRAINING)
    held = len(index_of(files))
    times = -(-most // held)  # in one epoch: building its graph takes as long as some hundred images
    source = Source(index_of(files * times), IMAGENET)
    contenders = {
        "ours": lambda epoch: _ours(source, epoch).batch(batch),
        "whole": lambda epoch: _mapped(source, epoch, _whole).batch(batch),
        "window": lambda epoch: _mapped(source, epoch, _window(dct_method="INTEGER_ACCURATE")),
        "window-fast": lambda epoch: _mapped(
            source, epoch, _window(dct_method="INTEGER_FAST", fancy_upscaling=False)
        ),
    }
    click.echo(f"{_hardware()}; TensorFlow {tf.__version__}; {datetime.date.today()}")
    click.echo(f"{data}: {held} images, {times} times an epoch; load {os.getloadavg()[0]:.1f} before")
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeat + 1):  # the first warms up
        for name, made in contenders.items():
            wall, processor, count = _measure(made, turn)
            if turn:
                rates[name].append(count / wall)
                seconds[name].append(processor / count)
    _report(rates, seconds)
    click.echo(f"load {os.getloadavg()[0]:.1f} after")


def _measure(made: Callable, turn: int) -> tuple[float, float, int]:
    """Wall seconds, CPU seconds and images of one epoch, from its first element on.

    Before that the graph is built, half a second on one core: much in an epoch of seconds, nothing in one of
    ImageNet's.
    """
    elements = iter(made(turn).prefetch(2))
    next(elements)
    count, wall, processor = 0, time.perf_counter(), time.process_time()
    for element in elements:
        count += len(element[0]) if len(element[0].shape) == 4 else 1
    return time.perf_counter() - wall, time.process_time() - processor, count


def _ours(source: Source, epoch: int) -> tf.data.Dataset:
    return training_crops(source, AUGMENTATION, epoch).map(lambda crop, label, place: (crop, label))


def _mapped(source: Source, epoch: int, work: Callable) -> tf.data.Dataset:
    """`work` of the records that `training_crops` reads, in its order."""
    order = epoch_order(len(source.records), AUGMENTATION, epoch)
    records = records_in_order(source.records, order)

    def one(place, record):
        encoded, label = parse_class(record, source.layout)
        seed = input_pipeline.seed_of(AUGMENTATION, epoch, place)
        return work(encoded, seed), label

    return records.enumerate().map(one, num_parallel_calls=tf.data.AUTOTUNE).ignore_errors()


def _whole(encoded: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    drawn = training_crop.draw(seed)
    side = SCALES[0] + tf.cast(drawn[0] * (SCALES[1] - SCALES[0] + 1), tf.int32)
    scaled = tf.image.resize(image, images.scaled_size(tf.shape(image)[:2], side), method="bilinear")
    crop = tf.image.stateless_random_crop(scaled, [SIZE, SIZE, 3], seed)
    return tf.image.stateless_random_flip_left_right(crop, seed + 1) - tf.constant(MEAN_RGB)


def _window(**decoding) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    def work(encoded, seed):
        size = tf.io.extract_jpeg_shape(encoded)[:2]
        drawn = training_crop.draw(seed)
        window = training_crop.crop_window(size, scales=SCALES, size=SIZE, drawn=drawn)
        place = tf.concat([window.start, window.size], 0)
        return tf.io.decode_and_crop_jpeg(encoded, place, channels=3, **decoding)

    return work


def _report(rates: dict[str, list[float]], seconds: dict[str, list[float]]) -> None:
    """Ratios are medians of the ratios within a round."""
    for name in rates:
        ratio = statistics.median(a / b for a, b in zip(rates["ours"], rates[name], strict=True))
        work = statistics.median(b / a for a, b in zip(seconds["ours"], seconds[name], strict=True))
        click.echo(
            f"{name:12} {statistics.median(rates[name]):7.0f} img/s  "
            f"{statistics.median(seconds[name]) * 1e6:6.0f} us of CPU an image  "
            f"ours/{name}: {ratio:.2f} by time, {work:.2f} by CPU"
        )


def _hardware() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown CPU"
    )
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


if __name__ == "__main__":
    main()
