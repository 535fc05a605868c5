"""The page: what it says, how large it is of 1000 classes, and how it lies in a browser."""

import dataclasses
import re

import pytest
from helpers.drawn_boxes import box_record
from helpers.pipeline.report_browser import probe
from helpers.record_sets import check, encoded, noise, record, write
from PIL import Image

from components.checking.check import (
    TRAIN,
    VALIDATION,
    Check,
    ClassFigures,
    Fault,
    Histogram,
    Place,
    Repeated,
    SplitFigures,
    Spread,
)
from components.checking.sheets import Tile
from components.datasets.layouts import IMAGENET
from pipeline.data_check.charts import class_charts, size_charts
from pipeline.data_check.page import render

SPREAD = Spread(10, 20, 30, 40, 50, 31.5)
SIDES = ("height", "width", "shorter side")
LAYOUT = """({inner: innerWidth, scroll: document.documentElement.scrollWidth,
  outside: Array.from(document.querySelectorAll('[src], [href]')).map(e => e.getAttribute('src') ??
    e.getAttribute('href')).filter(a => !/^(#|data:|sheets\\/[a-z0-9]+\\.jpg$)/.test(a)),
  gone: Array.from(document.querySelectorAll('a[href^="#"]')).filter(
    a => !document.getElementById(a.getAttribute('href').slice(1))).length,
  unnamed: Array.from(document.querySelectorAll('img')).filter(e => !e.alt).length,
  lazy: Array.from(document.querySelectorAll('img')).every(e => e.loading == 'lazy'),
  broken: Array.from(document.querySelectorAll('img')).filter(e => e.complete && !e.naturalWidth).length,
  uncaptioned: document.querySelectorAll('table:not(:has(caption))').length,
  twice: document.querySelectorAll('[id]').length - new Set(Array.from(
    document.querySelectorAll('[id]')).map(e => e.id)).size})"""


def place(number: int = 1, split: str = TRAIN) -> Place:
    return Place(split, f"{split}-00000-of-00001", number, 100 * number, f"{number}<b>.jpg", 0)


def figures(classes: int = 3, **changes) -> Check:
    """A stand-in's."""
    split = SplitFigures(shards=1, bytes=1000, records=10, images=9, decoded=8)
    histogram = Histogram((10, 20, 30, 500), (5, 3, 0), (0, 0, 2))
    whole = Check(
        data="/data/<imagenet>",
        layout="build_imagenet_data",
        written="2026-11-27 12:00",
        seconds=1.5,
        seed=0,
        splits={TRAIN: split, VALIDATION: split},
        classes=tuple(
            ClassFigures(label, f"name {label}, with, several, words", f"n{label:08d}", 1300, 50)
            for label in range(classes)
        ),
        sizes={split: dict.fromkeys(SIDES, SPREAD) for split in (TRAIN, VALIDATION)},
        histograms=dict.fromkeys(SIDES, histogram),
        colour_modes={TRAIN: {"JPEG RGB": 8}, VALIDATION: {"PNG RGB": 1}},
        orientations={TRAIN: {1: 7, 6: 1}, VALIDATION: {1: 1}},
        pixels=1234567,
        mean_rgb=(123.1, 117.3, 104.5),
        covariance_rgb=((1.0, 2.0, 3.0),) * 3,
        boxes={},
        manifest=(),
        damaged=(),
        odd=(),
        undecodable=(),
        wrong_boxes=(),
        repeated=(),
        remarks=(),
    )
    return dataclasses.replace(whole, **changes)


def test_nothing_is_wrong():
    page = render(figures(), {})
    assert "Nothing: every record is an image" in page
    assert "<code>/data/&lt;imagenet&gt;</code>" in page
    assert "<h3>Damaged" not in page


def test_what_is_wrong_is_told_before_the_figures():
    faults = tuple(Fault(place(number), "is <odd>", 7) for number in range(1, 501))
    again = Repeated(("in both splits",), (place(1), place(2, VALIDATION)))
    page = render(figures(damaged=faults, repeated=(again,), remarks=("one & another",)), {})
    assert page.index("Damaged shards</a>: 500") < page.index('id="figures"')
    assert "Damaged shards, the first 200 of 500" in page
    assert page.count("is &lt;odd&gt;") == 200
    assert "Images that are there again in both splits</a>: 1" in page
    assert "2&lt;b&gt;.jpg<br>" in page
    assert "<li>one &amp; another</li>" in page


def test_of_1000_classes_the_page_stays_small():
    """Ten thumbnails each, whose pictures are files of their own."""
    name = "n01440764_10026_and_a_long_name.JPEG"
    tiles = tuple(Tile(120 * n, 120, name, "train-00000-of-01024", n < 5) for n in range(10))
    page = render(figures(1000), {str(label): tiles for label in range(1000)})
    assert page.count("<img ") == page.count('loading="lazy"') == 10_000
    assert len(page) < 4e6
    assert "data:image" not in page


def test_bars_are_shares_of_the_split():
    """Five eighths and three eighths to train; the last bin, of 30 to 499, is as wide as the others."""
    chart = size_charts(figures())[0]
    assert [bar.text for bar in chart.bars] == ["10 to 19 pixels: 62.5%", "20 to 29 pixels: 37.5%"]
    first, second = chart.bars
    assert first.height / second.height == pytest.approx(5 / 3, rel=0.01)
    assert first.width == pytest.approx((chart.right - chart.left) / 3, abs=1.2)
    ends = [tuple(map(float, point.split(","))) for point in chart.lines[0].points.split()]
    assert ends[0] == (chart.left, chart.bottom)
    assert ends[-1][0] == chart.right


def test_few_classes_have_a_bar_each_and_many_are_counted():
    few = (ClassFigures(0, "cat", "", 10, 0), ClassFigures(2, "", "n2", 5, 0))
    (chart,) = class_charts(few)
    assert [bar.text for bar in chart.bars] == ["cat: 10", "n2: 5"]
    assert [text for _, text in chart.x_ticks] == ["0", "2"]
    many = [ClassFigures(label, "", "", 1300 if label else 732, 50) for label in range(1000)]
    train, validation = class_charts(many)
    most = "1283 to 1311 images: 999 classes"
    assert [bar.text for bar in train.bars] == ["732 to 760 images: 1 classes", most]
    assert [bar.text for bar in validation.bars] == ["50 to 50 images: 1000 classes"]


@pytest.fixture
def written(tmp_path):
    """Red, green and blue pictures by class; a red one is in both splits, and a record is damaged."""
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250)]

    def made(label: int, number: int) -> bytes:
        picture = Image.new("RGB", (60 + number, 40), colours[label])
        return record(IMAGENET, encoded(picture), label, f"{label}-{number}.jpg", "a-name-without-end" * 9)

    train = [made(label, number) for label in range(3) for number in range(9)]
    bad = record(IMAGENET, encoded(noise(1))[:-100], 1, "cut.jpg")
    image = Image.new("RGB", (82, 40), colours[2])
    boxed = box_record(IMAGENET, encoded(image), 2, [(0.1, 0.1, 0.5, 0.5), (0.4, 0.1, 0.4, 0.5)])
    train, validation = [*train, bad, b"odd"], [train[0], made(1, 20), boxed]
    folder = write(tmp_path / "data", IMAGENET, train=[train], validation=[validation])
    content = bytearray((folder / "train-00000-of-00001").read_bytes())
    content[20] ^= 1
    (folder / "train-00000-of-00001").write_bytes(content)
    assert check(folder, tmp_path / "out", "--thumbnails", "4").return_value == 4
    return tmp_path / "out"


@pytest.mark.beam
def test_a_tile_shows_its_image(written):
    page = (written / "index.html").read_text()
    tile = r'<img class="tile" loading="lazy" src="sheets/(\w+).jpg" width="(\d+)" height="80" style="object-position:(-?\d+)px 0" alt="(.*?)"'  # noqa: E501
    found = re.findall(tile, page)
    assert len(found) == 4 + 4 + 1 + 4 + 1 + 1
    for sheet, width, left, name in found:
        if name == "drawn.png":
            continue
        with Image.open(written / "sheets" / f"{sheet}.jpg") as drawn:
            assert drawn.height == 80
            assert -int(left) + int(width) <= drawn.width
            red, green, blue = drawn.getpixel((-int(left) + int(width) // 2, 40))
        assert name.startswith(sheet)
        assert max((red, "0"), (green, "1"), (blue, "2"))[1] == sheet
        assert int(width) == 2 * (60 + int(name[2:-4])), "80 high where it was 40"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.beam
@pytest.mark.parametrize("width", [360, 1300])
def test_in_a_browser(written, width):
    found, errors = probe(written / "index.html", LAYOUT, width=width)
    assert errors == []
    assert found.pop("inner") == width
    assert found.pop("scroll") <= width
    assert found == {
        **{"outside": [], "gone": 0, "unnamed": 0, "lazy": True},
        **{"broken": 0, "uncaptioned": 0, "twice": 0},
    }
