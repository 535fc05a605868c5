"""What `vgg data folders --shorter-side 512` saves where photographs have 12 megapixels.

    .venv/bin/python -m benchmarks.shorter_side --photographs ../shared/data/imagenet_sample

Photographs of 4000 x 3000 pixels are made of smaller ones, enlarged and with the noise of a camera's sensor
added, and saved as JPEG of quality 92. Both data sets are written by `vgg data folders`; then rounds of crops
for training (S in [256; 512]) are read from each in turn. Bytes, and images a second by the fastest round.
To reach: 30 times smaller, ten times faster. On 2026-11-28, two busy cores: 14.1, so missed, and 12.7.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.input_pipeline import AUGMENTATION
from benchmarks.machine import machine
from components.datasets.folders import Options, write_folders
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training.input_pipeline import Source, training_crops

SIZE, NOISE, QUALITY = (4000, 3000), 4.0, 92


@click.command()
@click.option("--photographs", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--images", default=48, show_default=True)
@click.option("--repeat", default=5, show_default=True, help="Rounds.")
def main(photographs: Path, images: int, repeat: int) -> None:
    """Measure the two data sets."""
    click.echo(machine())
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "photographs"
        _enlarge(photographs, source, images)
        sets = {}
        for name, side in (("as they are", None), ("--shorter-side 512", 512)):
            begin = time.monotonic()
            made = write_folders(source, Path(folder) / name.strip("-"), Options(shorter_side=side))
            click.echo(f"{name}: {made.bytes / 1e6:.1f} MB, written in {time.monotonic() - begin:.1f} s")
            sets[name] = made
        rates = {name: [] for name in sets}
        for epoch in range(repeat):
            for name, made in sets.items():
                rates[name].append(_images_a_second(made.folder, epoch))
    for name, found in rates.items():
        click.echo(f"{name}: {max(found):.1f} images/s ({min(found):.1f} the slowest round)")
    large, small = sets.values()
    fast = [max(found) for found in rates.values()]
    click.echo(f"{large.bytes / small.bytes:.1f} times smaller, {fast[1] / fast[0]:.1f} times faster")


def _enlarge(photographs: Path, folder: Path, images: int) -> None:
    random = np.random.default_rng(0)
    paths = sorted(path for path in photographs.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    for number in range(images):
        place = folder / ("train" if number % 8 else "val") / "ab"[number // 8 % 2]
        place.mkdir(parents=True, exist_ok=True)
        with Image.open(paths[number * len(paths) // images]) as image:
            large = image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
        noisy = np.asarray(large, np.float32) + random.normal(0, NOISE, (SIZE[1], SIZE[0], 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(place / f"{number}.jpg", quality=QUALITY)


def _images_a_second(folder: Path, epoch: int) -> float:
    index = index_of(find_shards(str(folder), TRAINING))
    crops = iter(training_crops(Source(index, IMAGENET), AUGMENTATION, epoch).batch(8))
    next(crops)  # whose time is that of building the graph, too
    begin, seen = time.monotonic(), 0
    for _, labels, _ in crops:
        seen += len(labels)
    return seen / (time.monotonic() - begin)


if __name__ == "__main__":
    main()
