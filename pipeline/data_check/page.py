"""The page: figures, what is wrong, and a few images of each class, which it loads as it is scrolled."""

import functools
from collections.abc import Iterable, Mapping

import jinja2

from components.checking.check import SIDES, Check, Place
from components.checking.duplicates import KINDS
from components.checking.sheets import HEIGHT, MOST_CLASSES, MOST_REPEATED, REPEATED, Tile
from pipeline.data_check.charts import class_charts, size_charts
from pipeline.data_check.place import FIGURES, SHEETS
from pipeline.data_check.terminal import fault_line

MOST_ROWS = 200
MOST_ALIKE = 8
MOST_OPEN = 9
TEMPLATE = "data_check.html.j2"


def render(check: Check, tiles: Mapping[str, Iterable[Tile]]) -> str:
    """The whole page.

    Args:
        check: all figures.
        tiles: of the sheets beside it, by the labels of their classes, and of REPEATED.
    """
    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            check=check,
            tiles=tiles,
            size_charts=size_charts(check),
            class_charts=class_charts(check.classes),
            sides=SIDES,
            box_kinds=sorted({kind for of in check.boxes.values() for kind in of.wrong}),
            kinds=KINDS,
            repeated=REPEATED,
            sheets=SHEETS,
            figures=FIGURES,
            height=HEIGHT,
            most_rows=MOST_ROWS,
            most_alike=MOST_ALIKE,
            most_open=MOST_OPEN,
            most_classes=MOST_CLASSES,
            most_repeated=MOST_REPEATED,
            faults={
                "Damaged shards": check.damaged,
                "Records of another kind": check.odd,
                "Images that do not decode": check.undecodable,
                "Wrong boxes": check.wrong_boxes,
            },
            fault_line=fault_line,
            modes=list(dict.fromkeys(mode for of in check.colour_modes.values() for mode in of)),
            orientations=sorted({number for of in check.orientations.values() for number in of}),
            names={one.label: called(one) for one in check.classes},
            slug=slug,
        )
    )


def called(one) -> str:
    """A class's name, else its synset, else its label."""
    return one.name or one.synset or f"class {one.label}"


def place_text(place: Place) -> str:
    """Where an image is."""
    return f"{place.shard}, record {place.record}"


def slug(name: str) -> str:
    """A name as part of an HTML id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def thousands(number: int) -> str:
    """1 281 167, with spaces that do not break."""
    return f"{number:,}".replace(",", "\u00a0")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("pipeline.data_check"), jinja2.PackageLoader("pipeline.report")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["has"] = lambda several, one: one in several
    environment.filters |= {"thousands": thousands, "place": place_text}
    return environment
