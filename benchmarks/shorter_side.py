"""What `vgg data folders --shorter-side 512` saves where photographs have 12 megapixels.

    python -m benchmarks.shorter_side

Photographs of 4000 x 3000 pixels are made of smaller ones (--photographs, or drawn), enlarged and with the
noise of a camera's sensor added, and saved as JPEG of quality 92. Both data sets are written by `vgg data
folders`; then rounds of crops for training (S in [256; 512]) are read from each in turn. To reach: 30 times
smaller, ten times faster; docs/data.md has what was measured.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.input_pipeline import AUGMENTATION
from benchmarks.photographs import draw
from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import WALL, Sample, as_fast, in_rounds, timed
from components.datasets.folders import Options, write_folders
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, find_shards
from components.training.input_pipeline import Source, training_crops
from models.untuned import untuned

SIZE, NOISE, QUALITY = (4000, 3000), 4.0, 92
AS_THEY_ARE, SMALL = "full size", "--shorter-side 512"
SMALLER, FASTER = 30, 10


@click.command(help=__doc__.partition("\n")[0])
@click.option("--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--images", default=48, show_default=True, type=click.IntRange(min=16))
@click.option("--rounds", default=5, show_default=True)
@JSON_OPTION
def main(photographs: Path | None, images: int, rounds: int, json_file: Path | None) -> None:
    """Measure the two data sets."""
    with (
        reporting("shorter_side", json_file, images=images, rounds=rounds) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        if photographs is None:
            photographs = Path(folder, "drawn")
            draw(photographs, images)
        source = Path(folder, "photographs")
        _enlarge(photographs, source, images)
        sets = {}
        for name, side in ((AS_THEY_ARE, None), (SMALL, 512)):
            begin = time.monotonic()
            sets[name] = write_folders(source, Path(folder, name.strip("-")), Options(shorter_side=side))
            seconds = time.monotonic() - begin
            report.note(f"{name}: {sets[name].bytes / 1e6:.1f} MB, written in {seconds:.1f} s")
        calls = {name: lambda epoch, made=made: _crops(made.folder, epoch) for name, made in sets.items()}
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "image")
        smaller = sets[AS_THEY_ARE].bytes / sets[SMALL].bytes
        verdict = "reached" if smaller >= SMALLER else "missed"
        report.note(f"{smaller:.1f} times smaller; wanted: at least {SMALLER}: {verdict}")
        report.compare(as_fast(found, SMALL, AS_THEY_ARE, by=WALL, wanted=FASTER))


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


def _crops(folder: Path, epoch: int) -> Sample:
    index = index_of(find_shards(str(folder), TRAINING))
    crops = iter(untuned(training_crops(Source(index, IMAGENET), AUGMENTATION, epoch).batch(8)))
    next(crops)  # whose time is that of building the graph, too
    seen = []
    sample = timed(lambda: seen.extend(len(labels) for _, labels, _ in crops))
    return replace(sample, count=sum(seen))


if __name__ == "__main__":
    main()
