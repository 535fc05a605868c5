"""What the last layer gives in place of scores: one box for all classes, or one for each (appendix A)."""

import dataclasses
import enum

from models.net import Net

COORDINATES = 4
"""Centre x, centre y, width and height, in fractions of the window's side."""


class Regression(str, enum.Enum):
    """Appendix A's two kinds of box regression.

    SHARED: single-class regression, SCR: a box whatever the class; 4-D.
    PER_CLASS: per-class regression, PCR: a box for each class; 4-D each, 4000-D for ImageNet.
    """

    SHARED = "scr"
    PER_CLASS = "pcr"

    def boxes(self, classes: int) -> int:
        """How many boxes the last layer gives."""
        return 1 if self is Regression.SHARED else classes


def box_net(net: Net, regression: Regression) -> Net:
    """The classification net's shape with boxes in place of its scores: fc8 has four outputs a box."""
    return dataclasses.replace(net, classes=COORDINATES * regression.boxes(net.classes))
