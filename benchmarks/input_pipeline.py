"""Training crops a second from JPEG TFRecords, with scale jitter, flip and colour shift.

    python -m benchmarks.input_pipeline --data DIR

DIR is a data set as `vgg data folders` writes it; without --data, photographs are drawn
(benchmarks/photographs.py). All contenders read the same records in the same order:

    ours        components.training.input_pipeline.training_crops, in batches
    whole       decode all, rescale to S without antialias, crop, flip, less the mean, in batches: what the
                TensorFlow models' VGG preprocessing does; no colour shift
    window      bare decode_and_crop_jpeg of our windows, in no batches: the limit
    window-fast the same with dct_method="INTEGER_FAST", fancy_upscaling=False

To reach: ours 1.5 times `whole` and 0.85 of `window`; docs/results.md has what was measured.

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

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

from benchmarks.photographs import DATA_OPTION, data_or_drawn
from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import PROCESSOR, WALL, Sample, as_fast, in_rounds, timed
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training import input_pipeline
from components.training.answers import parse_class
from components.training.input_pipeline import Augmentation, Source, epoch_order, training_crops
from components.training.record_reader import records_in_order
from models import images, training_crop
from models.untuned import untuned

SCALES, SIZE = (256, 512), 224
MEAN_RGB = (123.7, 116.8, 103.9)
COLOURS = np.diag([55.5, 4.8, 1.1]).astype(np.float32)
AUGMENTATION = Augmentation(scales=SCALES, size=SIZE, mean_rgb=MEAN_RGB, colours=COLOURS, seed=0)
OF_WHOLE, OF_WINDOW = 1.5, 0.85


@click.command(help=__doc__.partition("\n")[0])
@DATA_OPTION
@click.option("--batch", default=32, show_default=True)
@click.option("--images", "most", default=500, show_default=True, help="Images a round, at least.")
@click.option("--rounds", default=15, show_default=True)
@JSON_OPTION
def main(data: Path | None, batch: int, most: int, rounds: int, json_file: Path | None) -> None:
    with (
        reporting("input_pipeline", json_file, batch=batch, images=most, rounds=rounds) as report,
        data_or_drawn(data, report) as folder,
    ):
        files = find_shards(str(folder), TRAINING)
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
        ways = {name: lambda epoch, made=made: _measure(made, epoch) for name, made in contenders.items()}
        found = in_rounds(ways, rounds, after_each=report.progress)
        report.note(f"{held} images, {times} times an epoch")
        report.rounds(found, "image")
        for by in (WALL, PROCESSOR):
            report.compare(as_fast(found, "ours", "whole", by=by, wanted=OF_WHOLE))
            report.compare(as_fast(found, "ours", "window", by=by, wanted=OF_WINDOW))


def _measure(made: Callable, epoch: int) -> Sample:
    """One epoch, from its first element on.

    Before that the graph is built, half a second on one core: much in an epoch of seconds, nothing in one of
    ImageNet's.
    """
    elements = iter(untuned(made(epoch).prefetch(2)))
    next(elements)
    seen = []
    sample = timed(lambda: seen.extend(len(one[0]) if len(one[0].shape) == 4 else 1 for one in elements))
    return replace(sample, count=sum(seen))


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


if __name__ == "__main__":
    main()
