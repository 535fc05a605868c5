"""Contact sheets: a few images of each class, side by side in one JPEG, as evaluation looks at them.

Which ones is drawn by lot once all are known, and only those are read again, each at its place in its shard:
thumbnails of all of ImageNet's images would take 3 GB of disk.
"""

import json
import os
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from components.checking.duplicates import groups
from components.checking.examples import LabelledPhotograph, parse
from components.checking.images import thumbnailer
from components.checking.summary import Summary
from components.datasets.layouts import Layout
from components.datasets.record_salvage import Record, record_at
from models.errors import InputError

HEIGHT = 80  # pixels, of a thumbnail
QUALITY = 60
MOST_CLASSES = 2000
MOST_REPEATED = 60
REPEATED = "repeated"


@dataclass(frozen=True)
class Sheet:
    """What is to be drawn, from left to right: NAME.jpg.

    Attributes:
        name: the class's label, or REPEATED.
        layout: of the records.
        places: of each image its shard's path, its offset there in bytes, and whether it is of training.
    """

    name: str
    layout: Layout
    places: tuple[tuple[str, int, bool], ...]


@dataclass(frozen=True)
class Tile:
    """A thumbnail on its sheet, HEIGHT pixels high: its left edge and its width, pixels, and what it is."""

    left: int
    width: int
    file: str
    shard: str
    training: bool


def choose(summary: Summary, layout: Layout, each: int, seed: int) -> list[Sheet]:
    """A sheet for each of the first MOST_CLASSES labels, of up to `each` images of either split, training
    first, drawn by the seed; and one of the first image of each of the first MOST_REPEATED repeated ones.
    """
    if not each:
        return []
    rows = summary.rows
    order = np.random.default_rng(seed).permutation(len(rows))
    order = order[rows["decodes"][order]]
    order = order[np.lexsort([~rows["training"][order], rows["label"][order]])]  # stable
    labels, trainings = rows["label"][order], rows["training"][order]
    begins = np.ones(len(order), bool)
    begins[1:] = (labels[1:] != labels[:-1]) | (trainings[1:] != trainings[:-1])
    place = np.arange(len(order))
    order = order[place - np.maximum.accumulate(np.where(begins, place, 0)) < each]
    cuts = np.flatnonzero(np.diff(rows["label"][order])) + 1
    chosen = {str(rows["label"][own[0]]): own.tolist() for own in np.split(order, cuts) if len(own)}
    chosen = dict(list(chosen.items())[:MOST_CLASSES])
    repeated = [int(one.places[0]) for one, _ in zip(groups(rows), range(MOST_REPEATED), strict=False)]
    if repeated:
        chosen[REPEATED] = repeated
    return [Sheet(name, layout, tuple(summary.place(row) for row in own)) for name, own in chosen.items()]


def draw(sheet: Sheet, folder: str, work: str) -> None:
    """Writes NAME.jpg into a folder, and where its thumbnails are into the other one."""
    thumbnails, tiles, left = [], [], 0
    for path, offset, training in sheet.places:
        image = _image(path, offset, sheet.layout)
        pixels = thumbnailer(HEIGHT)(image.encoded).numpy()
        tiles.append(Tile(left, pixels.shape[1], image.name, path.rpartition("/")[2], training))
        thumbnails.append(pixels)
        left += pixels.shape[1]
    drawn = Image.fromarray(np.concatenate(thumbnails, axis=1))
    drawn.save(os.path.join(folder, f"{sheet.name}.jpg"), quality=QUALITY, optimize=True)
    with open(_tiles(work, sheet.name), "w", encoding="utf-8") as file:
        json.dump([asdict(tile) for tile in tiles], file)


def read_tiles(work: str, name: str) -> tuple[Tile, ...]:
    """Of a sheet that was drawn."""
    with open(_tiles(work, name), encoding="utf-8") as file:
        return tuple(Tile(**one) for one in json.load(file))


def _image(path: str, offset: int, layout: Layout) -> LabelledPhotograph:
    record = record_at(path, offset)
    if not isinstance(record, Record):
        raise InputError(f"data file {path}: has changed while it was checked; check it again")
    return parse(record.data, layout)


def _tiles(work: str, name: str) -> str:
    return os.path.join(work, f"sheet-{name}.json")
