"""The page's charts: figures to geometry, which the templates draw."""

from collections.abc import Sequence

from pipeline.report.chart_geometry import (
    Axis,
    Bar,
    Chart,
    Line,
    Mark,
    percent_axis,
    polyline,
    round_steps,
    whole_steps,
    x_axis,
    y_axis,
)
from pipeline.report.figures import CalibrationBin, ExperimentFigures
from pipeline.report.learning import Drop, Epoch


def error_against_q(found: ExperimentFigures, highest: float) -> Chart | None:
    """Top-1 error at each Q with its interval, up to `highest`; None where there are fewer than two Q."""
    figures = [(int(one.name[1:]), one.top1_error) for one in found.averages if one.name[1:].isdigit()]
    if len(figures) < 2:
        return None
    sides = [q for q, _ in figures]
    margin = 0.08 * (sides[-1] - sides[0])
    x = x_axis(sides[0] - margin, sides[-1] + margin)
    y, y_ticks = percent_axis(highest)
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
        lines=(Line("top-1 error", 1, polyline((mark.x, mark.y) for mark in marks), marks),),
    )


def calibration(name: str, bins: Sequence[CalibrationBin]) -> Chart:
    """Accuracy in each bin of the largest posterior, against the diagonal of a calibrated net."""
    x, (y, y_ticks) = x_axis(0, 1), percent_axis(1)
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
    diagonal = Line("calibrated", 2, polyline([(x(0), y(0)), (x(1), y(1))]))
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
    ticks = round_steps(highest)
    y = y_axis(max(highest, ticks[-1]))
    y_ticks = tuple((y(value), f"{value:g}") for value in ticks)
    return (
        _curves(f"loss-{weights}", f"{weights}: loss", "loss, nats", loss, (y, y_ticks), drops),
        _curves(
            f"error-{weights}",
            f"{weights}: top-1 error of crops",
            "top-1 error",
            error,
            percent_axis(max(map(max, error))),
            drops,
        ),
    )


def highest_error(experiments: Sequence[ExperimentFigures]) -> float:
    """The top of the charts that share their y-axis."""
    errors = [one.top1_error for found in experiments for one in found.averages if one.name[1:].isdigit()]
    return max((error.upper or error.value for error in errors), default=1.0)


def _curves(id_: str, title: str, y_label: str, pairs, axis, drops: Sequence[Drop]) -> Chart:
    y, y_ticks = axis
    x = x_axis(1, max(len(pairs), 2))
    names = ("training", "validation")
    lines = tuple(
        Line(name, slot, polyline((x(number), y(pair[slot - 1])) for number, pair in enumerate(pairs, 1)))
        for slot, name in enumerate(names, 1)
    )
    last = ", ".join(f"{name} {value:.3f}" for name, value in zip(names, pairs[-1], strict=True))
    return Chart(
        id=id_,
        title=title,
        description=f"{len(pairs)} epochs; after the last one {last}.",
        x_label="epoch",
        y_label=y_label,
        x_ticks=tuple((x(value), str(value)) for value in whole_steps(len(pairs))),
        y_ticks=y_ticks,
        lines=lines,
        verticals=tuple((x(drop.after_epoch + 0.5), _rate(drop.rate)) for drop in drops),
    )


def _rate(rate: float) -> str:
    """2.5e-4."""
    digits, _, exponent = f"{rate:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def _at(axis: Axis, value: float | None) -> float | None:
    """Of a share; an interval's end beyond 0 or 1 is drawn there."""
    return None if value is None else axis(min(1.0, max(0.0, value)))
