"""Geometry that charts are made of: their parts in SVG units, axes and round steps.

A chart is a drawing of a table that stands beside it; its title and description say what it shows. The
templates' macro `chart` draws it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 12, 38
WHOLE_STEPS = [factor * 10**power for power in range(7) for factor in (1, 2, 5)]


@dataclass(frozen=True)
class Mark:
    """A point, with the ends of its interval where it has one."""

    x: float
    y: float
    lower: float | None
    upper: float | None
    text: str


@dataclass(frozen=True)
class Line:
    """A polyline: `slot` 1.. is its colour and its dashes."""

    name: str
    slot: int
    points: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Bar:
    """A rectangle from the x-axis up."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class Chart:
    """What the macro `chart` draws; all numbers are SVG units, ticks are (place, text)."""

    id: str
    title: str
    description: str
    x_label: str
    y_label: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...] = ()
    bars: tuple[Bar, ...] = ()
    verticals: tuple[tuple[float, str], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


class Axis:
    """Linear from [low, high] to [start, end]."""

    def __init__(self, low: float, high: float, start: float, end: float):
        self._low, self._span = low, (high - low) or 1.0
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        """Where it is, in SVG units."""
        return round(self._start + (value - self._low) / self._span * self._length, 1)


def x_axis(low: float, high: float) -> Axis:
    """From the left of the chart to its right."""
    return Axis(low, high, LEFT, WIDTH - RIGHT)


def y_axis(high: float) -> Axis:
    """From 0 at the bottom."""
    return Axis(0, high, HEIGHT - BOTTOM, TOP)


def percent_axis(highest: float) -> tuple[Axis, tuple[tuple[float, str], ...]]:
    """Of shares from 0 to at least `highest`, and its ticks."""
    ticks = round_steps(min(1.0, max(highest, 0.01)))
    y = y_axis(ticks[-1])
    digits = 0 if ticks[1] >= 0.01 else 1
    return y, tuple((y(value), f"{value:.{digits}%}") for value in ticks)


def round_steps(highest: float) -> list[float]:
    """From 0 to at least `highest`, four or five round steps."""
    step = 10 ** math.floor(math.log10(highest / 4 or 1))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if highest / (factor * step) <= 5)
    return [round(step * index, 6) for index in range(math.ceil(highest / step - 1e-9) + 1)]


def whole_steps(last: int) -> list[int]:
    """1 and up to seven round numbers up to `last`."""
    step = next(step for step in WHOLE_STEPS if last / step <= 7)
    return [1, *range(step if step > 1 else 2, last + 1, step)]


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """As SVG has it."""
    return " ".join(f"{x:g},{y:g}" for x, y in points)
