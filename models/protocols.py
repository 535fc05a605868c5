"""The evaluation protocols of section 3.2, and where their crops lie.

A protocol is one or two methods of looking at the image rescaled to a Q; posteriors are averaged over the
methods, over Q and over flips. One forward pass of a method at a Q serves each protocol that asks for it.
"""

import enum

from models.errors import InputError

GRID = 5


class Method(str, enum.Enum):
    """What the net is applied to, for one rescaled image.

    DENSE: the whole image, uncropped; scores averaged over space, then the soft-max.
    MULTI_CROP: a regular 5 x 5 grid of crops, 50 a scale with their flips.
    TEN_CROP: the four corners and the centre, ten with their flips (Krizhevsky et al. 2012).
    CENTRE_CROP: the centre alone, as accuracies of published weights are often given.
    """

    DENSE = "dense"
    MULTI_CROP = "multi-crop"
    TEN_CROP = "ten-crop"
    CENTRE_CROP = "centre-crop"


class Protocol(str, enum.Enum):
    """A name that an experiment or `vgg evaluate --protocol` gives."""

    DENSE = "dense"
    MULTI_CROP = "multi-crop"
    MULTI_CROP_DENSE = "multi-crop-dense"
    TEN_CROP = "ten-crop"
    CENTRE_CROP = "centre-crop"

    @property
    def methods(self) -> tuple[Method, ...]:
        """Whose posteriors are averaged, with equal weight."""
        if self is Protocol.MULTI_CROP_DENSE:
            return (Method.MULTI_CROP, Method.DENSE)
        return (Method(self.value),)

    @classmethod
    def named(cls, name: str) -> "Protocol":
        """By name.

        Raises:
            InputError: there is no such protocol.
        """
        names = [member.value for member in cls]
        if name not in names:
            raise InputError(f"protocol {name!r}: unknown; expected one of {', '.join(names)}")
        return cls(name)


def crop_places(method: Method, height: int, width: int, size: int) -> list[tuple[int, int]]:
    """(top, left) of each crop of side `size` in an image of height x width pixels, all at least `size`.

    Raises:
        ValueError: the image is smaller than a crop, or the method takes no crops.
    """
    if min(height, width) < size:
        raise ValueError(f"image of {height} x {width}: expected at least {size} pixels a side")
    down, right = height - size, width - size
    centre = (down // 2, right // 2)
    if method is Method.CENTRE_CROP:
        return [centre]
    if method is Method.TEN_CROP:
        return [(0, 0), (0, right), (down, 0), (down, right), centre]
    if method is Method.MULTI_CROP:
        return [(top, left) for top in _evenly(down) for left in _evenly(right)]
    raise ValueError(f"method {method.value} takes no crops")


def _evenly(span: int) -> list[int]:
    """GRID places from 0 to `span`, halves rounded up."""
    steps = GRID - 1
    return [(2 * index * span + steps) // (2 * steps) for index in range(GRID)]
