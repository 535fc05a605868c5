"""TensorFlow's ways to decode a JPEG beside Pillow's: how far apart the pixels are, and the time.

    python -m benchmarks.jpeg_decoding

All JPEGs below --photographs, none of them turned by EXIF, or drawn ones, are decoded one at a time. A round
decodes all of them each way in turn. `ours` is models.images.decode, which also looks at the header and for
EXIF.
"""

import io
import tempfile
from pathlib import Path

import click
import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.photographs import draw
from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import as_long, in_rounds, timed
from models import images

DRAWN = 60
WAYS = {
    "ours": lambda encoded: images.decode(encoded),
    "INTEGER_ACCURATE": lambda encoded: tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_ACCURATE"),
    "INTEGER_FAST": lambda encoded: tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_FAST"),
    "TensorFlow's default": lambda encoded: tf.io.decode_jpeg(encoded, 3),
}


@click.command(help=__doc__.partition("\n")[0])
@click.option("--photographs", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", default=5, show_default=True)
@JSON_OPTION
def main(photographs: Path | None, rounds: int, json_file: Path | None) -> None:
    """Print a line for each way."""
    with (
        reporting("jpeg_decoding", json_file, "pillow", rounds=rounds) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        if photographs is None:
            draw(Path(folder), DRAWN)
        paths = (photographs or Path(folder)).rglob("*")
        files = sorted(path for path in paths if path.suffix.lower() in (".jpg", ".jpeg"))
        encoded = [file.read_bytes() for file in files]
        report.note(f"{len(encoded)} JPEGs of {sum(map(len, encoded)) / 1e6:.0f} MB")
        compiled = {
            name: tf.function(way, input_signature=[tf.TensorSpec([], tf.string)])
            for name, way in WAYS.items()
        }
        calls = {
            name: lambda number, way=way: timed(lambda: [way(one) for one in encoded], len(encoded))
            for name, way in compiled.items()
        }
        found = in_rounds(calls, rounds, after_each=report.progress)
        report.rounds(found, "image")
        report.compare(as_long(found, "ours", "INTEGER_FAST"))
        for name, way in compiled.items():
            mean, most = _apart(way, encoded)
            report.note(f"{name}: {mean:.3f} grey levels from Pillow's on average, {most} at most")


def _apart(way, encoded: list[bytes]) -> tuple[float, int]:
    """The mean over images of the mean difference, and the largest."""
    means, most = [], 0
    for one in encoded:
        difference = np.abs(way(one).numpy().astype(int) - _by_pillow(one))
        means.append(difference.mean())
        most = max(most, int(difference.max()))
    return float(np.mean(means)), most


def _by_pillow(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB"), int)


if __name__ == "__main__":
    main()
