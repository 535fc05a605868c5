"""Training crops by other libraries beside ours: OpenCV and simplejpeg, in threads and in processes.

    uv pip install --no-deps opencv-python-headless==4.11.0.86 simplejpeg
    python -m benchmarks.crop_libraries

They are no dependencies: those that are not installed are left out. All have the same photographs, draw S,
place and flip, and give batches of float32 crops less the mean, without the colour shift, which ours leaves
out here too. Ours reads them from TFRecords, the others have them in memory:

    ours        models.training_crop in tf.data
    opencv      imdecode of all, resize (INTER_AREA where it shrinks, else INTER_LINEAR), crop, in threads
    simplejpeg  decodes in place of imdecode
    processes   opencv's work in as many processes as cores, into memory shared with this one, as Grain and
                PyTorch's loader have it; Grain itself wants a newer protobuf than TFX 1.16 has

Their pixels are not ours: OpenCV's filters are others. How far they are apart on average, in grey levels, at
one S and place, is said too.
"""

import importlib.util
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import shared_memory
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

from benchmarks.input_pipeline import AUGMENTATION, MEAN_RGB, SCALES, SIZE
from benchmarks.machine import cores
from benchmarks.photographs import DATA_OPTION, data_or_drawn
from benchmarks.report import JSON_OPTION, Report, reporting
from benchmarks.rounds import PROCESSOR, WALL, Sample, as_fast, in_rounds, timed
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training.input_pipeline import Source, training_crops
from models import training_crop

PACKAGES = {"opencv": ("cv2",), "simplejpeg": ("cv2", "simplejpeg"), "processes": ("cv2",)}
BATCHES_AHEAD = 2
SHARED: dict = {}
"""Of a process that makes crops."""
PLAIN = replace(AUGMENTATION, colours=None)


@click.command(help=__doc__.partition("\n")[0])
@DATA_OPTION
@click.option("--batch", default=32, show_default=True)
@click.option("--images", default=480, show_default=True, help="Images a round, at least.")
@click.option("--rounds", default=9, show_default=True)
@JSON_OPTION
def main(data: Path | None, batch: int, images: int, rounds: int, json_file: Path | None) -> None:
    with (
        reporting("crop_libraries", json_file, batch=batch, images=images, rounds=rounds) as report,
        data_or_drawn(data, report) as folder,
    ):
        files = find_shards(str(folder), TRAINING)
        index = index_of(files * -(-images // len(index_of(files))))
        encoded = _encoded(files)
        encoded *= -(-images // len(encoded))
        ways = {
            "ours": lambda epoch: _ours(Source(index, IMAGENET), epoch, batch),
            **_others(encoded, batch, report),
        }
        calls = {name: lambda epoch, name=name: _measured(ways[name](epoch)) for name in ways}
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "image")
        for name in ways:
            if name != "ours":
                report.compare(*(as_fast(found, "ours", name, by=by) for by in (WALL, PROCESSOR)))
        if len(ways) > 1:
            report.note(f"opencv's pixels are {_apart(encoded):.2f} grey levels from ours on average")


def _others(encoded: list[bytes], batch: int, report: Report) -> dict[str, Callable[[int], Iterator]]:
    made = {
        "opencv": lambda epoch: _in_threads(encoded, epoch, batch, _by_opencv),
        "simplejpeg": lambda epoch: _in_threads(encoded, epoch, batch, _by_simplejpeg),
        "processes": lambda epoch: _in_processes(encoded, epoch, batch),
    }
    missing = [
        name for name in made if any(importlib.util.find_spec(package) is None for package in PACKAGES[name])
    ]
    if importlib.util.find_spec("cv2"):
        import cv2

        cv2.setNumThreads(0)
    for name in missing:
        report.note(f"{name}: not installed, left out")
    return {name: way for name, way in made.items() if name not in missing}


def _measured(batches: Iterator[tuple[np.ndarray, float]]) -> Sample:
    """From the first batch on, as the others need their threads and processes, and ours its graph."""
    next(batches)
    seen, elsewhere = [], []

    def take():
        for crops, seconds in batches:
            seen.append(len(crops))
            elsewhere.append(seconds)

    sample = timed(take)
    return replace(sample, count=sum(seen), processor=sample.processor + sum(elsewhere))


def _ours(source: Source, epoch: int, batch: int) -> Iterator[tuple[np.ndarray, float]]:
    crops = training_crops(source, PLAIN, epoch).map(lambda crop, label, place: crop)
    return ((batch, 0.0) for batch in crops.batch(batch).prefetch(2))


def _in_threads(
    encoded: list[bytes], epoch: int, batch: int, pixels: Callable
) -> Iterator[tuple[np.ndarray, float]]:
    """Batches, and the processor's seconds that other processes took for each."""
    order, drawn = _drawn(encoded, epoch)
    with ThreadPoolExecutor(cores()) as pool:
        crops = pool.map(lambda place, draws: _crop(pixels(encoded[place]), draws), order, drawn)
        held = []
        for crop in crops:
            held.append(crop)
            if len(held) == batch:
                yield np.stack(held), 0.0
                held = []


def _in_processes(encoded: list[bytes], epoch: int, batch: int) -> Iterator[tuple[np.ndarray, float]]:
    order, drawn = _drawn(encoded, epoch)
    shape = (BATCHES_AHEAD + 1, batch, SIZE, SIZE, 3)
    context = multiprocessing.get_context("spawn")
    memory = shared_memory.SharedMemory(create=True, size=4 * int(np.prod(shape)))
    try:
        with context.Pool(cores(), _share, (encoded, memory.name, shape)) as pool:
            held, waiting = np.ndarray(shape, np.float32, memory.buf), []
            for number, first in enumerate(range(0, len(order) - batch + 1, batch)):
                tasks = [
                    (order[first + row], drawn[first + row], number % len(held), row) for row in range(batch)
                ]
                waiting.append(pool.map_async(_crop_into, tasks, chunksize=8))
                if len(waiting) > BATCHES_AHEAD:
                    yield _taken(waiting, held, number)
            for last in range(len(waiting)):
                yield _taken(waiting, held, number + 1 + last)
            del held
    finally:
        memory.close()
        memory.unlink()


def _taken(waiting: list, held: np.ndarray, number: int) -> tuple[np.ndarray, float]:
    """The oldest of the batches that are made, when batch `number` was begun."""
    seconds = sum(waiting.pop(0).get())
    return held[(number - BATCHES_AHEAD) % len(held)].copy(), seconds


def _share(encoded: list[bytes], name: str, shape: tuple) -> None:
    """What each process has."""
    import cv2

    cv2.setNumThreads(0)  # none within an image: there are as many processes, or threads, as cores
    memory = shared_memory.SharedMemory(name=name)
    SHARED.update(encoded=encoded, memory=memory, crops=np.ndarray(shape, np.float32, memory.buf))


def _crop_into(task: tuple) -> float:
    """Writes a crop into the shared memory; the processor's seconds for it."""
    place, drawn, slot, row = task
    begin = time.process_time()
    SHARED["crops"][slot, row] = _crop(_by_opencv(SHARED["encoded"][place]), drawn)
    return time.process_time() - begin


def _drawn(encoded: list[bytes], epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """An epoch's order, and what is drawn for each image."""
    random = np.random.default_rng(epoch)
    return random.permutation(len(encoded)), random.random((len(encoded), 4))


def _by_opencv(encoded: bytes) -> np.ndarray:
    import cv2

    return cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR_RGB)


def _by_simplejpeg(encoded: bytes) -> np.ndarray:
    import simplejpeg

    return simplejpeg.decode_jpeg(encoded, fastdct=False, fastupsample=False)


def _crop(image: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """float32 [SIZE, SIZE, 3] less the mean, by what is drawn: S, y, x, flip."""
    import cv2

    side = SCALES[0] + int(drawn[0] * (SCALES[1] - SCALES[0] + 1))
    height, width = image.shape[:2]
    ratio = side / min(height, width)
    size = max(side, round(width * ratio)), max(side, round(height * ratio))
    scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR)
    top, left = (
        int(draw * (length - SIZE + 1)) for draw, length in zip(drawn[1:3], scaled.shape, strict=False)
    )
    crop = scaled[top : top + SIZE, left : left + SIZE]
    if drawn[3] < 0.5:
        crop = crop[:, ::-1]
    return crop.astype(np.float32) - np.float32(MEAN_RGB)


def _apart(encoded: list[bytes]) -> float:
    """The mean difference over some photographs at S = 256, upper left, not flipped."""
    drawn = np.array([0.0, 0.0, 0.0, 0.9])
    differences = []
    for each in encoded[:20]:
        pixels, window = training_crop.source_pixels(
            tf.constant(each),
            lambda whole: training_crop.crop_window(
                whole, scales=(SCALES[0], SCALES[0]), size=SIZE, drawn=tf.constant(drawn, tf.float32)
            ),
        )
        held = training_crop.DecodedCrop(
            pixels, window.scale, window.translation, window.place, tf.constant(False)
        )
        ours = training_crop.resample(held, size=SIZE).numpy() - np.float32(MEAN_RGB)
        differences.append(np.abs(ours - _crop(_by_opencv(each), drawn)).mean())
    return float(np.mean(differences))


def _encoded(files: list[str]) -> list[bytes]:
    spec = {IMAGENET.image: tf.io.FixedLenFeature([], tf.string)}
    records = tf.data.TFRecordDataset(files).map(lambda each: tf.io.parse_single_example(each, spec))
    return [each[IMAGENET.image] for each in records.as_numpy_iterator()]


if __name__ == "__main__":
    main()
