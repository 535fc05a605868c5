"""Two shapes of different classes in one picture, side by side or one above the other, neither on the other.

Both lie in the picture's middle square, so that a central crop shows them. The larger one names the picture's
class, as in PASCAL VOC's labels of `vgg data voc`.
"""

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from components.datasets.shapes import SHAPES, filled

DIAMETERS = ((0.42, 0.5), (0.24, 0.3))
"""Of the larger and of the smaller shape, in the square's side, from and to."""
TURN = 0.25
REACH = (math.cos(TURN) + math.sin(TURN)) / 2
"""How far a shape reaches from its centre, in diameters, at most: it lies in a square, turned by TURN."""


def two_masks(name: str, size: tuple[int, int], random: Generator) -> tuple[list[str], list[Image.Image]]:
    """Classes and masks ("L" images, 255 on the object) of a larger shape and a smaller one of another class.

    Args:
        name: class of the larger one.
        size: width and height of the picture, pixels.
        random: draws all else.
    """
    others = [other for other in SHAPES if other != name]
    names = [name, others[int(random.integers(len(others)))]]
    side = min(size)
    diameters = [side * random.uniform(*between) for between in DIAMETERS]
    places = _places(diameters, side, random) + (np.array(size) - side) / 2
    masks = [
        filled(_placed(SHAPES[each](random), diameter, place, random), size)
        for each, diameter, place in zip(names, diameters, places, strict=True)
    ]
    return names, masks


def _places(diameters: list[float], side: float, random: Generator) -> np.ndarray:
    """(x, y) of both centres in the square, pixels: apart along one axis, anywhere along the other."""
    reach = REACH * np.array(diameters)
    slack = side - 2 * reach.sum()
    before, between = np.sort(random.uniform(0, slack, 2))
    along = np.array([before + reach[0], between + 2 * reach[0] + reach[1]])
    across = reach + random.uniform(0, 1, 2) * (side - 2 * reach)
    if random.random() < 0.5:
        along = side - along
    return np.stack([along, across] if random.random() < 0.5 else [across, along], axis=1)


def _placed(
    polygons: list[np.ndarray], diameter: float, place: np.ndarray, random: Generator
) -> list[np.ndarray]:
    """Turned, squashed and mirrored as the single shape of a picture is."""
    angle, squash = random.uniform(-TURN, TURN), random.uniform(0.85, 1)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    mirror = -1 if random.random() < 0.5 else 1
    matrix = turn @ np.diag([mirror, squash]) * diameter / 2
    return [polygon @ matrix.T + place for polygon in polygons]
