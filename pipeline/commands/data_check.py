"""`vgg data check`: looks at a whole data set before anything is trained on it."""

import os
import time
from pathlib import Path

import click

from components.beam_check import check_beam
from components.beam_options import beam_options
from components.datasets.shards import TRAINING, VALIDATION, check_manifest, named_shards
from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.commands.options import PATH
from pipeline.data_check.place import PAGE, place_for
from pipeline.environment import BEAM
from pipeline.exit_status import BLESSED, FAULTY_DATA, INTERRUPTED, ComponentError, named


@click.command()
@click.argument("data", metavar="DIR", type=PATH)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the result; an earlier one in it is replaced.  [default: ./NAME-check]",
)
@click.option(
    "--thumbnails",
    "each",
    default=5,
    show_default=True,
    type=click.IntRange(0, 50),
    help="Of each class and split, on the page.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of their choice.")
def check(data: str, out: Path | None, each: int, seed: int) -> int:
    """Look at all of a data set before training on it.

    Every record of the TFRecords in DIR is parsed, and every image decoded as a run decodes it. Printed, and
    written to a page (index.html) and to check.json: counts of each class, sizes, colour modes, the mean RGB;
    images that are there more than once; damaged records, and images that do not decode, by shard, record and
    file name. Damage hides only what it covers: the records behind it are read. VGG_BEAM has options of Beam.

    Exit status: 0 nothing is wrong, 4 something is, 2 DIR cannot be checked. Interrupted, it leaves nothing.
    """
    options = beam_options(os.environ.get(BEAM, ""), BEAM)
    shards = [named_shards(data, split) for split in (TRAINING, VALIDATION)]
    wrong = [line for split, paths in zip((TRAINING, VALIDATION), shards, strict=True)
             if (line := _unlike_manifest(data, paths, split))]  # fmt: skip
    place = place_for(data, out)
    check_beam(options, BEAM, {"page's folder": place})
    with quiet_imports():
        from components.checking.look import Wanted
        from pipeline.commands.data_check_screen import stages
        from pipeline.commands.data_screen import printable
        from pipeline.data_check.terminal import lines
        from pipeline.data_check.writer import write_check
    data = data if "://" in data else os.path.abspath(data)
    wanted = Wanted(data, *map(tuple, shards), each, seed, options, manifest=tuple(wrong))
    begin = time.monotonic()
    try:
        with stages() as stage:
            found = write_check(wanted, place, stage)
    except InputError:
        raise
    except KeyboardInterrupt:
        click.echo("vgg: interrupted; nothing was written; run again to begin anew", err=True)
        return INTERRUPTED
    except Exception as error:
        raise ComponentError(f"data check: {named(error)}; nothing was written") from error
    ended = (("page", str(place / PAGE)), ("time", f"{time.monotonic() - begin:.1f} s"))
    for title, text in (*lines(found), *ended):
        click.echo(f"{title:<11} {printable(text)}")
    return BLESSED if found.whole else FAULTY_DATA


def _unlike_manifest(data: str, paths: list[str], split) -> str:
    """What the shards are unlike dataset.json; they are read all the same."""
    try:
        check_manifest(data, paths, split)
    except InputError as error:
        return str(error)
    return ""
