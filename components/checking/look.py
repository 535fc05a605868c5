"""A whole data set looked at: shards on Beam, their findings brought together, contact sheets."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from components.checking.check import Check
from components.checking.examples import layout_of_files
from components.checking.on_beam import PROGRESS, check_shards, draw_sheets
from components.checking.progress import watched
from components.checking.shard import Shard
from components.checking.sheets import Tile, choose, read_tiles
from components.checking.summary import Summary, figures
from components.datasets.storage import storage_of

Advance = Callable[[int, int], None]
Stage = Callable[[str, int, str], AbstractContextManager[Advance]]
"""(what is done, its whole size, of what) to a function that is told of things and of their size, which is
the bytes of images, and 1 of a sheet."""


Tiles = dict[str, tuple[Tile, ...]]
"""By the names of their sheets."""


@dataclass(frozen=True)
class Wanted:
    """What is to be looked at, and how.

    Attributes:
        data: the folder. train, validation: paths of its shards.
        each: thumbnails of a class and split. seed: which ones.
        beam: options of Beam.
        manifest: see Check.
    """

    data: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    each: int
    seed: int
    beam: tuple[str, ...]
    manifest: tuple[str, ...] = ()


def look_at(wanted: Wanted, work: str, sheets: str, stage: Stage) -> tuple[Check, Tiles]:
    """The figures, and the thumbnails of each sheet, whose pictures are in a folder.

    Args:
        wanted: what is looked at.
        work: an empty folder for findings, 60 bytes an image and more where something is wrong.
        sheets: an empty folder for NAME.jpg.
        stage: shows progress.

    Raises:
        InputError: records of no known layout, or none that can be read.
    """
    begin = time.monotonic()
    shards = _shards(wanted)
    layout = layout_of_files([shard.path for shard in shards], f"data folder {wanted.data}")
    size = sum(storage_of(shard.path).size(shard.path) for shard in shards)
    path = os.path.join(work, PROGRESS)
    with stage("looked at", size, "images") as advance, watched(path, advance):
        check_shards(shards, layout, work, wanted.beam)
    os.remove(path)
    summary = Summary.of(shards, work)
    chosen = choose(summary, layout, wanted.each, wanted.seed)
    if chosen:
        with stage("sheets", len(chosen), "sheets") as advance, watched(path, advance):
            draw_sheets(chosen, sheets, work, wanted.beam)
    found = figures(
        summary,
        work,
        data=wanted.data,
        layout=layout.name,
        written=time.strftime("%Y-%m-%d %H:%M"),
        seconds=round(time.monotonic() - begin, 1),
        seed=wanted.seed,
        manifest=wanted.manifest,
    )
    return found, {sheet.name: read_tiles(work, sheet.name) for sheet in chosen}


def _shards(wanted: Wanted) -> Sequence[Shard]:
    paths = [*((path, True) for path in wanted.train), *((path, False) for path in wanted.validation)]
    return [Shard(number, path, training) for number, (path, training) in enumerate(paths)]
