"""Sizes of images in figures: their spread, and histograms with round steps."""

import numpy as np

from components.checking.check import SIDES, TRAIN, VALIDATION, Histogram, Spread

MOST_BINS = 30
MOST_SHOWN = 99.5  # per cent of the images; those beyond are in the last bin
STEPS = [factor * 10**power for power in range(8) for factor in (1, 2, 5)]


def spreads(rows: np.ndarray) -> dict[str, dict[str, Spread]]:
    """By split and side, of rows (components.checking.shard.ROW) of images that decode."""
    return {
        split: {side: _spread(_pixels(part, side)) for side in SIDES}
        for split, part in _splits(rows).items()
        if len(part)
    }


def histograms(rows: np.ndarray) -> dict[str, Histogram]:
    """By side; none without images."""
    return {side: _histogram(rows, side) for side in SIDES} if len(rows) else {}


def _splits(rows: np.ndarray) -> dict[str, np.ndarray]:
    return {TRAIN: rows[rows["training"]], VALIDATION: rows[~rows["training"]]}


def _pixels(rows: np.ndarray, side: str) -> np.ndarray:
    return np.minimum(rows["height"], rows["width"]) if side == SIDES[2] else rows[side]


def _spread(pixels: np.ndarray) -> Spread:
    whole = np.percentile(pixels, [0, 5, 50, 95, 100], method="lower").tolist()
    return Spread(*map(int, whole), mean=round(float(pixels.mean()), 1))


def _histogram(rows: np.ndarray, side: str) -> Histogram:
    pixels = _pixels(rows, side)
    low, high = int(pixels.min()), int(np.percentile(pixels, MOST_SHOWN, method="higher"))
    step = next(step for step in STEPS if (high - low) / step < MOST_BINS - 1)
    begin = low // step * step
    edges = [begin + step * index for index in range((high - begin) // step + 2)]
    if pixels.max() >= edges[-1]:
        edges.append(int(pixels.max()) + 1)
    counts = [np.histogram(_pixels(part, side), edges)[0].tolist() for part in _splits(rows).values()]
    return Histogram(tuple(edges), *map(tuple, counts))
