"""The ways to draw a net's initial weights (section 3.1), by name; models/initial_weights.py draws them."""

import enum

from models.errors import InputError


class Initialisation(str, enum.Enum):
    """How a weight layer's kernel is drawn; biases start at 0.

    PAPER: normal, mean 0, variance 1e-2, so standard deviation 0.1.
    SMALL: the other reading of that sentence, which many ports use: standard deviation 1e-2.
    GLOROT: "the random initialisation procedure of Glorot & Bengio (2010)", which needs no net A first.
    HE: not the paper's (He et al. came two months later): what ReLU nets this deep are started with today.
    """

    PAPER = "paper"
    SMALL = "small"
    GLOROT = "glorot"
    HE = "he"

    @classmethod
    def named(cls, name: str) -> "Initialisation":
        """By name.

        Raises:
            InputError: there is no such initialisation.
        """
        names = [member.value for member in cls]
        if name not in names:
            raise InputError(f"initialisation {name!r}: unknown; expected one of {', '.join(names)}")
        return cls(name)
