"""The page of `vgg similar`: one HTML file, with its pictures in it, that needs nothing else."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from models.errors import InputError
from pipeline.report.data_uris import small_jpeg
from pipeline.similar.neighbours import Neighbour
from pipeline.whole_file import written_whole

LONGER_SIDE, OWN_SIDE = 320, 480  # pixels: a card is at most half as wide, which a fine screen shows sharp
QUALITY = 80
MARK = '<meta name="generator" content="vgg similar">'
"""Which tells a page of ours from another file, which is not replaced."""


@dataclass(frozen=True)
class Picture:
    """What the page shows of a photograph; without `uri`, that it is gone or cannot be shown."""

    uri: str = ""
    width: int = 0
    height: int = 0


def picture(encoded: bytes, longer_side: int = LONGER_SIDE) -> Picture:
    """A small one; of bytes that Pillow does not read, none."""
    try:
        return Picture(*small_jpeg(encoded, longer_side, QUALITY))
    except Exception:  # whatever a damaged file leads Pillow to; the net has read it
        return Picture()


def picture_of_file(path: str) -> Picture:
    """Of a file that may be gone since."""
    try:
        return picture(Path(path).read_bytes()) if path else Picture()
    except (OSError, ValueError):
        return Picture()


def render(name: str, own: Picture, found: Sequence[Neighbour], *, among: str, count: int, model: str) -> str:
    """The whole page.

    Args:
        name: of the photograph.
        own: it.
        found: its neighbours, the most alike first.
        among: the folder or file that they are from.
        count: how many photographs it holds.
        model: what made the descriptors, in words.
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("pipeline.similar"), jinja2.PackageLoader("pipeline.report")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = [
        (each, short, picture_of_file(each.path))
        for each, short in zip(found, short_names([one.name for one in found]), strict=True)
    ]
    return environment.get_template("similar.html.j2").render(
        name=name, own=own, shown=shown, among=among, count=count, model=model, mark=MARK
    )


def short_names(names: Sequence[str]) -> list[str]:
    """Without the folders that all of them share."""
    folders = [name.split("/")[:-1] for name in names]
    shared = os.path.commonprefix(folders)
    return ["/".join(name.split("/")[len(shared) :]) for name in names]


def check_place(path: Path) -> None:
    """Whether the page can be written there: to a new file, or in the place of an earlier page.

    Raises:
        InputError: it is another file, or its folder is not there.
    """
    if path.is_dir() or (path.exists() and MARK not in _beginning(path)):
        raise InputError(
            f"--page {path}: exists and is no page of `vgg similar`; choose another name or remove it"
        )
    if not path.absolute().parent.is_dir():
        raise InputError(f"--page {path}: {path.absolute().parent} is no folder; make it first")


def write_page(text: str, path: Path) -> None:
    """Writes it, all or nothing.

    Raises:
        InputError: it cannot be written.
    """
    with written_whole(path, "--page") as part:
        part.write_text(text, encoding="utf-8", errors="replace")


def _beginning(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1000)
    except OSError:
        return ""
