"""The page's histograms: sizes, and images of each class."""

from collections.abc import Sequence

from components.checking.check import SIDES, TRAIN, VALIDATION, Check, ClassFigures, Histogram
from pipeline.report.chart_geometry import (
    Axis,
    Bar,
    Chart,
    Line,
    percent_axis,
    polyline,
    round_steps,
    x_axis,
    y_axis,
)

MOST_BARS = 40
BINS = 20
X_TICKS = 5
LABELS = 10


def size_charts(check: Check) -> list[Chart]:
    """One for each side."""
    return [_size_chart(side, check.histograms[side]) for side in reversed(SIDES) if side in check.histograms]


def class_charts(classes: Sequence[ClassFigures]) -> list[Chart]:
    """Images of each class, in label order; of more than MOST_BARS classes, how many have so many images."""
    found = []
    for split in (TRAIN, VALIDATION):
        counts = [getattr(one, split) for one in classes]
        if any(counts):
            draw = _bar_for_each if len(classes) <= MOST_BARS else _bar_for_so_many
            found.append(draw(split, counts, classes))
    return found


def _size_chart(side: str, histogram: Histogram) -> Chart:
    """Shares of each split: bars of training, a dashed line of validation. The last bin holds all larger."""
    edges, train, validation = histogram.edges, _shares(histogram.train), _shares(histogram.validation)
    drawn = _equally_wide(edges)
    x = x_axis(drawn[0], drawn[-1])
    y, y_ticks = percent_axis(max(*train, *validation))
    bins = zip(edges, edges[1:], train, strict=False)
    ends = [(x(end), y(share)) for i, share in enumerate(validation) for end in drawn[i : i + 2]]
    return Chart(
        id=f"size-{side.replace(' ', '-')}",
        title=side.capitalize(),
        description=f"{edges[0]} to {edges[-1] - 1} pixels: bars are shares of the training images, the "
        "dashed line of the validation images; the last bin holds all larger ones.",
        x_label=f"{side}, pixels",
        y_label="share of the split",
        x_ticks=_some(x, drawn),
        y_ticks=y_ticks,
        bars=_bars(x, y, drawn, train, [f"{low} to {high - 1} pixels: {one:.1%}" for low, high, one in bins]),
        lines=(Line("validation", 2, polyline(ends)),) if any(validation) else (),
    )


def _equally_wide(edges: Sequence[int]) -> list[int]:
    """The last bin reaches to the largest image; it is drawn as wide as the others."""
    if len(edges) < 3:
        return list(edges)
    return [*edges[:-1], min(edges[-1], edges[-2] + edges[1] - edges[0])]


def _bar_for_each(split: str, counts: Sequence[int], classes: Sequence[ClassFigures]) -> Chart:
    edges = [index - 0.5 for index in range(len(counts) + 1)]
    x = x_axis(edges[0], edges[-1])
    named = zip(classes, counts, strict=True)
    step = -(-len(counts) // LABELS)
    return _counts(
        split,
        x,
        edges,
        counts,
        [f"{one.name or one.synset or one.label}: {count}" for one, count in named],
        x_label="label",
        y_label="images",
        x_ticks=tuple((x(index), str(classes[index].label)) for index in range(0, len(counts), step)),
    )


def _bar_for_so_many(split: str, counts: Sequence[int], _classes: Sequence[ClassFigures]) -> Chart:
    low, high = min(counts), max(counts)
    step = -(-(high + 1 - low) // BINS)
    edges = list(range(low, high + step + 1, step))
    numbers = [sum(begin <= count < begin + step for count in counts) for begin in edges[:-1]]
    x = x_axis(edges[0], edges[-1])
    bins = zip(edges, numbers, strict=False)
    return _counts(
        split,
        x,
        edges,
        numbers,
        [f"{begin} to {begin + step - 1} images: {number} classes" for begin, number in bins],
        x_label="images of a class",
        y_label="classes",
        x_ticks=_some(x, edges),
    )


def _counts(split: str, x: Axis, edges, counts: Sequence[int], texts: Sequence[str], **labels) -> Chart:
    steps = [step for step in round_steps(max(counts)) if step == int(step)]
    y = y_axis(max(steps[-1], max(counts)))
    return Chart(
        id=f"classes-{split}",
        title=f"Classes, {split}",
        description=f"{labels['y_label']} by {labels['x_label']}, {min(counts)} to {max(counts)}.",
        y_ticks=tuple((y(value), f"{value:g}") for value in steps),
        bars=_bars(x, y, edges, counts, texts),
        **labels,
    )


def _bars(x: Axis, y: Axis, edges, values: Sequence[float], texts: Sequence[str]) -> tuple[Bar, ...]:
    gap = min(1.0, 0.2 * (x(edges[1]) - x(edges[0])))
    return tuple(
        Bar(
            x=round(x(begin) + gap / 2, 2),
            y=y(value),
            width=round(x(end) - x(begin) - gap, 2),
            height=round(y(0) - y(value), 1),
            text=text,
        )
        for begin, end, value, text in zip(edges, edges[1:], values, texts, strict=False)
        if value
    )


def _some(x: Axis, edges: Sequence[int]) -> tuple[tuple[float, str], ...]:
    """Ticks at about X_TICKS of the edges, without the last one."""
    return tuple((x(edge), str(edge)) for edge in edges[: -1 : -(-len(edges) // X_TICKS)])


def _shares(counts: Sequence[int]) -> list[float]:
    whole = sum(counts) or 1
    return [count / whole for count in counts]
