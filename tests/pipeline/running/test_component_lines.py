"""What the terminal says of components that run, one after another or side by side."""

import io

import pytest
from rich.console import Console

from pipeline.running.component_lines import ComponentLines


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(written) -> ComponentLines:
    return ComponentLines(Console(file=written, width=100))


@pytest.fixture
def on_terminal(written) -> ComponentLines:
    return ComponentLines(Console(file=written, force_terminal=True, width=60, color_system=None))


def test_a_line_for_each_component(written, lines):
    for node, seconds, cached in (("StatisticsGen", 12.34, False), ("Trainer", 0.1, True)):
        lines.began(node)
        lines.finished(node, seconds, cached=cached)
    assert [line.split() for line in written.getvalue().splitlines()] == [
        ["StatisticsGen", "12.3", "s"],
        ["Trainer", "cached"],
    ]


def test_where_several_run_a_line_says_whose_it_is(written, lines):
    for node in ("A", "B"):
        lines.began(node)
    lines.said("B", "  epoch 1 \n")
    lines.said("A", "")
    lines.finished("B", 1.0, cached=False)
    assert written.getvalue().splitlines()[0] == "  B: epoch 1"
    assert len(written.getvalue().splitlines()) == 2


def test_a_terminal_shows_what_is_running_and_how_many_images_are_scored(written, on_terminal):
    on_terminal.began("Scorer.D")
    on_terminal.began("Scorer.E")
    on_terminal.told("Scorer.D", "Scored 64 images")
    last = written.getvalue().split("\r")[-2]
    assert last == "  Scorer.D ... scored 64 images, Scorer.E ..."
    on_terminal.failed("Scorer.D")
    on_terminal.finished("Scorer.E", 1.0, cached=False)
    assert written.getvalue().endswith("1.0 s\n")


def test_a_file_gets_lines_alone(written, lines):
    lines.began("Scorer.D")
    lines.told("Scorer.D", "Scored 64 images")
    assert written.getvalue() == ""


def test_what_a_terminal_shows_for_a_moment_is_one_line_and_leaves_nothing_behind(written, on_terminal):
    for node in "ABCDEFG":
        on_terminal.began(f"Scorer.{node}.dense.256")
    assert all(len(shown) < 60 for shown in written.getvalue().split("\r"))
    on_terminal.finished("Scorer.A.dense.256", 1.0, cached=False)
    before = written.getvalue().partition("  Scorer.A.dense.256")[0]
    assert before.endswith(" " * 59 + "\r") or before == ""
