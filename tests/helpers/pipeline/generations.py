"""Generations of a small data set whose classes are colours, which a narrow net learns in seconds."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from components.datasets import tfrecords
from components.datasets.manifest import Category
from components.datasets.tfrecords import Picture, Plan, Split

COLOURS = {"blue": (0, 0, 1), "green": (0, 1, 0), "red": (1, 0, 0), "yellow": (1, 1, 0)}

EXPERIMENT = """base = "demo"
name = "colours"

[net]
width = 16
input_size = 32

[training]
smallest_side = 32
largest_side = 32
batch = 16
learning_rate = 0.002
most_epochs = 8
drops = [5]
dropout = 0.0
colour_shift = false

[evaluation]
shorter_sides = [32]
thresholds = []
"""


def picture(colour: str, seed: int, *, size: tuple[int, int] = (48, 64), light: float = 1.0) -> bytes:
    """A JPEG of (height, width): coarse noise with a tint; `light` darkens it."""
    random = np.random.default_rng(seed)
    height, width = size
    noise = random.integers(60, 150, (-(-height // 8), -(-width // 8), 3)).repeat(8, 0).repeat(8, 1)
    tinted = noise[:height, :width] + 60 * np.array(COLOURS[colour])
    stream = io.BytesIO()
    Image.fromarray((light * tinted).clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def write_generation(
    out: Path,
    *,
    seed: int,
    classes: tuple[str, ...] = ("blue", "green", "red"),
    train: int = 208,
    validation: int = 24,
    wrong: float = 0.0,
    **look,
) -> None:
    """Of as many images; in the training split a share `wrong` of the labels is drawn at random.

    `look` is what `picture` takes beside.
    """

    def read(source: tuple[str, int]) -> Picture:
        split, index = source
        number = seed * 10_000 + (split == "validation") * 5_000 + index
        label = index % len(classes)
        random = np.random.default_rng([number, 1])
        said = int(random.integers(len(classes))) if split == "train" and random.random() < wrong else label
        encoded = picture(classes[label], number, **look)
        width, height = Image.open(io.BytesIO(encoded)).size
        name = f"{split}-{index}.jpg"
        return Picture(encoded, 1 + said, name, height, width, "JPEG", "RGB", 3)

    counts = {"train": train, "validation": validation}
    splits = [Split(name, [(name, index) for index in range(count)], 2) for name, count in counts.items()]
    categories = [Category(each, each) for each in classes]
    tfrecords.write(out, {"seed": seed}, lambda: Plan(categories, splits), read)
