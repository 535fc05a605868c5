"""TensorFlow's ways to decode a JPEG beside Pillow's: how far apart the pixels are, and the time.

    python -m benchmarks.jpeg_decoding --photographs FOLDER

All JPEGs below FOLDER, none of them turned by EXIF, are decoded one at a time. A round decodes all of them
each way in turn, so that a noisy machine hits all alike, and the fastest round counts. `ours` is
models.images.decode, which also looks at the header and for EXIF.
"""

import io
import time
from pathlib import Path

import click
import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks.machine import machine
from models import images

WAYS = {
    "ours": lambda encoded: images.decode(encoded),
    "INTEGER_ACCURATE": lambda encoded: tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_ACCURATE"),
    "INTEGER_FAST": lambda encoded: tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_FAST"),
    "TensorFlow's default": lambda encoded: tf.io.decode_jpeg(encoded, 3),
}


@click.command(help=__doc__.partition("\n")[0])
@click.option("--photographs", required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", default=3, show_default=True)
def main(photographs: Path, rounds: int) -> None:
    """Print a line for each way."""
    print(machine("tensorflow", "pillow"))
    files = sorted(path for path in photographs.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    encoded = [file.read_bytes() for file in files]
    print(f"{len(encoded)} JPEGs of {sum(map(len, encoded)) / 1e6:.0f} MB; grey levels apart from Pillow's")
    compiled = {
        name: tf.function(way, input_signature=[tf.TensorSpec([], tf.string)]) for name, way in WAYS.items()
    }
    seconds = {name: min(times) for name, times in _times(compiled, encoded, rounds).items()}
    for name, way in compiled.items():
        mean, most = _apart(way, encoded)
        print(f"{name:22}{mean:7.3f} on average, {most:3} at most{seconds[name]:8.2f} s")


def _times(ways: dict, encoded: list[bytes], rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begin = time.perf_counter()
            for one in encoded:
                way(one)
            found[name].append(time.perf_counter() - begin)
    return found


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
