"""The report of a home folder, from ML Metadata to files, and the line where there is nothing to report."""

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.pipeline.report_browser import probe
from helpers.pipeline.report_home import CLASSES, MEAN_RGB, VALIDATION_PER_CLASS, make_home
from rich.console import Console

from components.evaluation.averaging_plan import AVERAGE
from models.errors import InputError
from pipeline.environment import Environment
from pipeline.report import writer
from pipeline.report.store import read_home
from pipeline.report.terminal import show_report

IMAGES = len(CLASSES) * VALIDATION_PER_CLASS
SECTIONS = """Object.fromEntries(Array.from(document.querySelectorAll('main > section'),
  s => [s.id, {rows: s.querySelectorAll('tbody tr').length, charts: s.querySelectorAll('.chart').length,
               cards: s.querySelectorAll('.card').length, text: s.textContent}]))"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Environment:
    return make_home(tmp_path_factory.mktemp("report"), "small-A-64", "demo", "small-A-64")


@pytest.fixture(scope="module")
def written(home) -> writer.Written:
    newest = max(one.finished for one in read_home(home).experiments)
    return writer.write_report(home, since=newest)


@pytest.mark.slow
def test_each_experiments_newest_evaluation_is_found_with_its_net_and_data(home):
    found = read_home(home)
    assert [(one.experiment, one.run[:10]) for one in found.experiments] == [
        ("small-A-64", "2026-01-03"),
        ("demo", "2026-01-02"),
    ]
    demo = found.experiments[1]
    assert [view.shorter_side for view in demo.views] == [64, 72, 80]
    assert (demo.data.images, demo.data.fingerprint) == ({"train": 10, "eval": IMAGES}, "split:eval,sum:1")
    assert demo.steps[0].name == "ShardExampleGen"
    (net,) = (found.nets[id_] for id_ in demo.nets)
    assert (net.weights, net.config.net.width) == ("demo", 8)
    assert Path(demo.pushed).name == "2"


@pytest.mark.slow
def test_figures_are_tfmas_and_the_pairs_are_of_the_same_images(written):
    newest, demo = written.report.experiments
    assert (newest.name, demo.name, newest.images) == ("small-A-64", "demo", IMAGES)
    assert not demo.altered
    assert [one.name for one in demo.averages] == ["Q64", "Q72", "Q80", AVERAGE]
    assert sum(row.images for row in demo.by_class) == IMAGES
    wrong = sum(row.top1.value * row.images for row in demo.by_class)
    assert wrong == pytest.approx(demo.overall.top1_error.value * IMAGES)
    assert sum(one.images for one in demo.calibration) == IMAGES
    top1, top5 = written.report.pairs
    assert (top1.error, top5.error, top1.images) == ("top-1", "top-5", IMAGES)
    assert (top1.first, top1.second) == ("demo", "small-A-64"), "in the order of `vgg experiments`"
    difference = demo.overall.top1_error.value - newest.overall.top1_error.value
    assert top1.difference == pytest.approx(difference)
    assert top1.only_first - top1.only_second == round(difference * IMAGES)
    assert not any(table.run for table in written.report.tables)
    assert [epoch.step for epoch in written.report.nets[demo.nets[0]].epochs] == [62, 124, 186]


@pytest.mark.slow
def test_files_beside_the_page(home, written):
    figures = json.loads(written.figures.read_text())
    assert [one["name"] for one in figures["experiments"]] == ["small-A-64", "demo"]
    assert figures["experiments"][0]["identity"]["versions"]["python"] == platform.python_version()
    assert figures["experiments"][1]["identity"] is None, "it ended before this process began its run"
    card = (home.home / "report" / "model_card_demo.md").read_text()
    assert all(f"## {title}" in card for title in ("Intended use", "Data", "Metrics", "Limits"))
    assert (home.serving / "2" / "assets.extra" / "model_card.md").read_text() == card
    assert not list(home.home.rglob(".index*")), "a temporary file was left"
    console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    show_report(written.report, console)
    text = console.export_text()
    assert "small-A-64" in text
    assert f"{100 * written.report.experiments[1].overall.top1_error.value:.1f} [" in text


@pytest.mark.slow
def test_experiments_without_the_papers_errors_fit_into_eighty_columns(written):
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    show_report(written.report, console)
    text = console.export_text()
    assert ["experiment", "net", "images", "top-1", "top-5"] in [line.split() for line in text.splitlines()]
    assert {"small-A-64", "A/8"} < set(text.split()), "no name is folded"


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_real_page_in_a_browser(written, tmp_path, width):
    page = tmp_path / "page.html"
    page.write_text(written.page.read_text(encoding="utf-8"), encoding="utf-8")
    sections, errors = probe(page, SECTIONS, width=width)
    assert errors == []
    rows = {name: section["rows"] for name, section in sections.items()}
    assert rows["experiments"] == 2
    assert rows["paper"] == 12 + 10 + 6 + 4 + 15, "Tables 3 to 7 of the paper"
    assert rows["pairs"] == 2
    assert sections["scales"]["charts"] == 1, "small-A-64 has one Q"
    assert sections["learning"]["charts"] == 2 * 2
    assert sections["details"]["cards"] >= 2 * 4
    assert ", ".join(f"{value:.1f}" for value in MEAN_RGB) in sections["details"]["text"]
    assert "checkerboard" in sections["details"]["text"]


@pytest.mark.slow
def test_a_report_that_fails_is_one_line(home, monkeypatch):
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    monkeypatch.setattr(writer, "read_home", lambda _: 1 / 0)
    writer.report_run(home, console, 0.0)
    assert console.export_text().strip() == "No report: ZeroDivisionError: division by zero"


@pytest.mark.slow
def test_what_somebody_has_deleted_is_left_out_and_named(home):
    small, demo = read_home(home).experiments
    with _away(small.evaluation):
        written = writer.write_report(home)
        with _away(demo.predictions), pytest.raises(InputError, match="left out, as nothing is in"):
            writer.write_report(home)
    assert [one.name for one in written.report.experiments] == ["demo"]
    (line,) = written.report.left_out
    assert line == f"experiment small-A-64: left out, as nothing is in {small.evaluation} any more"
    assert line[1:] in written.page.read_text(encoding="utf-8")
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    show_report(written.report, console)
    assert console.export_text().splitlines()[-1] == line


@contextmanager
def _away(folder: str) -> Iterator[None]:
    hidden = f"{folder}-hidden"
    os.rename(folder, hidden)
    try:
        yield
    finally:
        os.rename(hidden, folder)


def test_a_store_that_does_not_answer_is_one_line(tmp_path, monkeypatch):
    def refuses(_):
        raise tf.errors.FailedPreconditionError(None, None, "no way to the store\n\t when reading gs://b")

    monkeypatch.setattr(writer, "read_home", refuses)
    with pytest.raises(InputError, match=r"cannot be read \(no way to the store when reading gs://b\); exp"):
        writer.write_report(Environment(data=tmp_path, home=tmp_path))


def test_a_home_without_metadata_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"no metadata\.sqlite; run an experiment there"):
        writer.write_report(Environment(data=tmp_path, home=tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_metadata_is_one_line(tmp_path):
    (tmp_path / "metadata.sqlite").write_text("no database\n" * 100)
    with pytest.raises(InputError, match="is no ML Metadata") as caught:
        writer.write_report(Environment(data=tmp_path, home=tmp_path))
    assert "\n" not in str(caught.value)


def test_a_home_without_a_finished_evaluation_is_one_line(tmp_path):
    environment = make_home(tmp_path)
    with pytest.raises(InputError, match="no finished evaluation; run an experiment there"):
        writer.write_report(environment)
