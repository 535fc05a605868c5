"""Photographs drawn for benchmarks, as large to decode as ImageNet's, so that no data set need be at hand.

ImageNet's training photographs have 500 x 375 pixels more often than any other size, and 110 kB on average.
Noise under a falling spectrum, as photographs have it, is about as dear to decode: the time of JPEG's Huffman
codes goes with the bytes.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.report import Report
from components.datasets.folders import Options, write_folders

SIZES = ((500, 375), (500, 375), (375, 500), (500, 333))  # width, height
MEAN_SIZE = (468, 401)  # of 1000 photographs of ImageNet
QUALITY = 93
FINEST = 0.9  # the spectrum falls with this power of the frequency
CLASSES, VALIDATION_SHARE = 5, 5
DRAWN = 200
LEAST = 2 * VALIDATION_SHARE  # or there is one class alone

DATA_OPTION = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder by `vgg data folders`; without it photographs are drawn.",
)


@contextlib.contextmanager
def data_or_drawn(
    data: Path | None, report: Report, images: int = DRAWN, sizes: Sequence[tuple[int, int]] = SIZES
) -> Iterator[Path]:
    """`data`, or a folder of TFRecords of drawn photographs, which goes at the end."""
    if data:
        report.note(f"photographs of {data}")
        yield data
        return
    with tempfile.TemporaryDirectory() as folder:
        photographs, records = Path(folder, "photographs"), Path(folder, "data")
        images = max(images, LEAST)
        total = draw(photographs, images, sizes)
        report.note(f"{images} drawn photographs of {total / images / 1e3:.0f} kB on average")
        write_folders(photographs, records, Options())
        yield records


def draw(folder: Path, images: int, sizes: Sequence[tuple[int, int]] = SIZES, seed: int = 0) -> int:
    """Writes train/CLASS/*.jpg and val/CLASS/*.jpg; returns their bytes. The same seed, the same pixels."""
    total = 0
    for number in range(images):
        split = "val" if number % VALIDATION_SHARE == 0 else "train"
        place = folder / split / f"class{number // VALIDATION_SHARE % CLASSES}"
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number:05}.jpg"
        Image.fromarray(photograph(sizes[number % len(sizes)], seed + number)).save(path, quality=QUALITY)
        total += path.stat().st_size
    return total


def photograph(size: tuple[int, int], seed: int) -> np.ndarray:
    """uint8 [height, width, 3]."""
    width, height = size
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    falling = 1 / np.maximum(frequency, 1 / max(size)) ** FINEST
    grey, *colours = (
        np.fft.irfft2(np.fft.rfft2(random.standard_normal((height, width))) * falling, s=(height, width))
        for _ in range(4)
    )
    grey, *colours = (channel / channel.std() for channel in (grey, *colours))
    pixels = 118 + 55 * grey[..., None] + 14 * np.stack(colours, axis=-1)
    return pixels.clip(0, 255).astype(np.uint8)
