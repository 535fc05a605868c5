"""Geometry of the page's charts: data to SVG coordinates, which the templates draw.

A chart is a drawing of a table that stands beside it; its title and description say what it shows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.figures import CalibrationBin, ExperimentFigures
from pipeline.report.learning import Drop, Epoch

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


class _Axis:
    """Linear from [low, high] to [start, end]."""

    def __init__(self, low: float, high: float, start: float, end: float):
        self._low, self._span = low, (high - low) or 1.0
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        return round(self._start + (value - self._low) / self._span * self._length, 1)


def error_against_q(found: ExperimentFigures, highest: float) -> Chart | None:
    """Top-1 error at each Q with its interval, up to `highest`; None where there are fewer than two Q."""
    figures = [(int(one.name[1:]), one.top1_error) for one in found.averages if one.name[1:].isdigit()]
    if len(figures) < 2:
        return None
    sides = [q for q, _ in figures]
    margin = 0.08 * (sides[-1] - sides[0])
    x = _x(sides[0] - margin, sides[-1] + margin)
    y, y_ticks = _percent_axis(highest)
    marks = tuple(
        Mark(x(q), y(error.value), _at(y, error.lower), _at(y, error.upper), f"Q {q}: {error.value:.1%}")
        for q, error in figures
    )
    values = ", ".join(mark.text for mark in marks)
    return Chart(
        id=f"q-{found.name}",
        title=found.name,
        description=f"Top-1 error at each Q: {values}.",
        x_label="Q, pixels",
        y_label="top-1 error",
        x_ticks=tuple((x(q), str(q)) for q in sides),
        y_ticks=y_ticks,
        lines=(Line("top-1 error", 1, _points((mark.x, mark.y) for mark in marks), marks),),
    )


def calibration(name: str, bins: Sequence[CalibrationBin]) -> Chart:
    """Accuracy in each bin of the largest posterior, against the diagonal of a calibrated net."""
    x, (y, y_ticks) = _x(0, 1), _percent_axis(1)
    bars = tuple(
        Bar(
            x=x(one.lower) + 0.5,
            y=y(one.accuracy),
            width=round(x(one.upper) - x(one.lower) - 1, 1),
            height=round(y(0) - y(one.accuracy), 1),
            text=f"{one.lower:.0%} to {one.upper:.0%}: {one.images} images, {one.accuracy:.1%} right",
        )
        for one in bins
    )
    diagonal = Line("calibrated", 2, _points([(x(0), y(0)), (x(1), y(1))]))
    return Chart(
        id=f"calibration-{name}",
        title=f"Calibration of {name}",
        description="Share of images that are right by their largest posterior; dashed: both agree.",
        x_label="largest posterior",
        y_label="right",
        x_ticks=tuple((x(value / 4), f"{value / 4:.0%}") for value in range(5)),
        y_ticks=y_ticks,
        bars=bars,
        lines=(diagonal,),
    )


def learning_curves(weights: str, epochs: Sequence[Epoch], drops: Sequence[Drop]) -> tuple[Chart, ...]:
    """Loss and top-1 error of training and validation crops by epoch; none for no epochs."""
    if not epochs:
        return ()
    loss = [(one.train_loss, one.validation_loss) for one in epochs]
    error = [(one.train_top1, one.validation_top1) for one in epochs]
    highest = max(map(max, loss))
    ticks = _ticks(highest)
    y = _y(max(highest, ticks[-1]))
    y_ticks = tuple((y(value), f"{value:g}") for value in ticks)
    return (
        _curves(f"loss-{weights}", f"{weights}: loss", "loss, nats", loss, (y, y_ticks), drops),
        _curves(
            f"error-{weights}",
            f"{weights}: top-1 error of crops",
            "top-1 error",
            error,
            _percent_axis(max(map(max, error))),
            drops,
        ),
    )


def highest_error(experiments: Sequence[ExperimentFigures]) -> float:
    """The top of the charts that share their y-axis."""
    errors = [one.top1_error for found in experiments for one in found.averages if one.name[1:].isdigit()]
    return max((error.upper or error.value for error in errors), default=1.0)


def _curves(id_: str, title: str, y_label: str, pairs, axis, drops: Sequence[Drop]) -> Chart:
    y, y_ticks = axis
    x = _x(1, max(len(pairs), 2))
    names = ("training", "validation")
    lines = tuple(
        Line(name, slot, _points((x(number), y(pair[slot - 1])) for number, pair in enumerate(pairs, 1)))
        for slot, name in enumerate(names, 1)
    )
    last = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, pairs[-1], strict=True))
    return Chart(
        id=id_,
        title=title,
        description=f"{len(pairs)} epochs; after the last one {last}.",
        x_label="epoch",
        y_label=y_label,
        x_ticks=tuple((x(value), str(value)) for value in _whole_ticks(len(pairs))),
        y_ticks=y_ticks,
        lines=lines,
        verticals=tuple((x(drop.after_epoch + 0.5), _rate(drop.rate)) for drop in drops),
    )


def _x(low: float, high: float) -> _Axis:
    return _Axis(low, high, LEFT, WIDTH - RIGHT)


def _y(high: float) -> _Axis:
    return _Axis(0, high, HEIGHT - BOTTOM, TOP)


def _percent_axis(highest: float):
    ticks = _ticks(min(1.0, max(highest, 0.01)))
    y = _y(ticks[-1])
    digits = 0 if ticks[1] >= 0.01 else 1
    return y, tuple((y(value), f"{value:.{digits}%}") for value in ticks)


def _ticks(highest: float) -> list[float]:
    """From 0 to at least `highest`, four or five round steps."""
    step = 10 ** math.floor(math.log10(highest / 4 or 1))
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if highest / (factor * step) <= 5)
    return [round(step * index, 6) for index in range(math.ceil(highest / step - 1e-9) + 1)]


def _rate(rate: float) -> str:
    """2.5e-4."""
    digits, _, exponent = f"{rate:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def _whole_ticks(last: int) -> list[int]:
    step = next(step for step in WHOLE_STEPS if last / step <= 7)
    return [1, *range(step if step > 1 else 2, last + 1, step)]


def _at(axis: _Axis, value: float | None) -> float | None:
    """Of a share; an interval's end beyond 0 or 1 is drawn there."""
    return None if value is None else axis(min(1.0, max(0.0, value)))


def _points(points) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
