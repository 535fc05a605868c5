"""The ten classes of the generated data set, as outlines.

Each function gives polygons, float [n, 2] as (x, y), that fill about the square -1..1. A class differs from
the others in outline or texture, also at 64 pixels, and its mirror image is of the same class.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw


def filled(polygons: Sequence[np.ndarray], size: tuple[int, int]) -> Image.Image:
    """ "L" image of (width, height) pixels, 255 within the polygons, whose points are (x, y) in pixels."""
    canvas = Image.new("L", (2 * size[0], 2 * size[1]))
    pen = ImageDraw.Draw(canvas)
    for polygon in polygons:
        pen.polygon((2 * polygon).ravel().tolist(), fill=255)
    return canvas.reduce(2)


def _arc(radius: float, begin: float, end: float, points: int = 60) -> np.ndarray:
    angles = np.linspace(begin, end, points)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _rectangle(x: float, y: float, half_width: float, half_height: float) -> np.ndarray:
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    return corners * (half_width, half_height) + (x, y)


def _disc(random: Generator) -> list[np.ndarray]:
    return [_arc(1, 0, 2 * math.pi)]


def _ring(random: Generator) -> list[np.ndarray]:
    hole = random.uniform(0.5, 0.68)
    return [np.concatenate([_arc(1, 0, 2 * math.pi), _arc(hole, 2 * math.pi, 0)])]


def _square(random: Generator) -> list[np.ndarray]:
    return [_rectangle(0, 0, 0.88, 0.88)]


def _triangle(random: Generator) -> list[np.ndarray]:
    return [np.array([(random.uniform(-0.25, 0.25), -1), (1, 0.85), (-1, 0.85)])]


def _cross(random: Generator) -> list[np.ndarray]:
    arm = random.uniform(0.2, 0.28)
    return [_rectangle(0, 0, 1, arm), _rectangle(0, 0, arm, 1)]


def _star(random: Generator) -> list[np.ndarray]:
    tips = int(random.integers(6, 9))
    radii = np.where(np.arange(2 * tips) % 2 == 0, 1, random.uniform(0.45, 0.55))
    return [_arc(1, -math.pi / 2, 1.5 * math.pi, 2 * tips + 1)[:-1] * radii[:, None]]


def _stripes(random: Generator) -> list[np.ndarray]:
    bars = int(random.integers(3, 6))
    pitch = 2 / (bars - 0.5)
    return [_rectangle(0, -1 + pitch * (bar + 0.25), 1, pitch / 4) for bar in range(bars)]


def _checkerboard(random: Generator) -> list[np.ndarray]:
    cells = int(random.integers(4, 6))
    centres = [(i, j) for i in range(cells) for j in range(cells) if (i + j) % 2 == 0]
    # The overlap of 2 % closes the corners, where two cells would meet in a point.
    return [
        _rectangle((2 * i + 1) / cells - 1, (2 * j + 1) / cells - 1, 1.02 / cells, 1.02 / cells)
        for i, j in centres
    ]


def _dots(random: Generator) -> list[np.ndarray]:
    rows = int(random.integers(3, 5))
    ticks = np.linspace(-1, 1, rows) * (1 - 0.62 / rows)
    return [_arc(0.62 / rows, 0, 2 * math.pi, 24) + (x, y) for x in ticks for y in ticks]


def _crescent(random: Generator) -> list[np.ndarray]:
    opening = random.uniform(0.9, 1.1)
    outer = _arc(1, opening, 2 * math.pi - opening)
    # The inner edge bends from tip to tip as the outer one does, but less.
    depth = random.uniform(0.35, 0.5)
    tip = math.cos(opening)
    inner = np.stack([tip - depth * (tip - outer[:, 0]), outer[:, 1] * 0.98], axis=1)[::-1]
    return [np.concatenate([outer, inner]) + (0.2, 0)]


SHAPES: dict[str, Callable[[Generator], list[np.ndarray]]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "star": _star,
    "stripes": _stripes,
    "checkerboard": _checkerboard,
    "dots": _dots,
    "crescent": _crescent,
}
