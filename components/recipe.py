"""What an experiment fixes about training and evaluation: frozen, complete, and written as JSON.

TFX hands these to the Trainer and compares them with earlier runs' for its cache, so a field that does not
change the result does not belong here.
"""

import dataclasses
import enum
import json
import typing
from dataclasses import dataclass

from models.errors import InputError
from models.initialisation import Initialisation
from models.vgg import Net


@dataclass(frozen=True)
class Training:
    """Section 3.1.

    Attributes:
        smallest_side, largest_side: S in pixels; equal for a single scale, else drawn from the range.
        epochs: passes over the training images.
        drops: epochs after which the learning rate is divided by 10.
        batch: images a step over all devices together.
        learning_rate, momentum: of SGD.
        l2: multiplier of the coupled L2 penalty; adds l2 * w to a weight's gradient.
        dropout: share of fc6's and fc7's outputs set to 0.
        initialisation: of the random weights.
        most_steps: ends training after so many steps; 0 is no limit.
        seed: of weights, dropout, shuffling, crops, flips.
    """

    smallest_side: int = 256
    largest_side: int = 256
    epochs: int = 74
    drops: tuple[int, ...] = (24, 48, 64)
    batch: int = 256
    learning_rate: float = 1e-2
    momentum: float = 0.9
    l2: float = 5e-4
    dropout: float = 0.5
    initialisation: Initialisation = Initialisation.GLOROT
    most_steps: int = 0
    seed: int = 0

    def __post_init__(self):
        if not 0 < self.smallest_side <= self.largest_side:
            raise InputError(
                f"S from {self.smallest_side} to {self.largest_side}: expected a range in pixels"
            )
        if self.batch < 1 or self.epochs < 1:
            raise InputError(f"batch {self.batch}, epochs {self.epochs}: expected at least 1 of each")

    @property
    def scales(self) -> tuple[int, int]:
        """The range that S is drawn from."""
        return self.smallest_side, self.largest_side


@dataclass(frozen=True)
class Evaluation:
    """Section 3.2, dense evaluation.

    Attributes:
        shorter_sides: the Q in pixels; posteriors are averaged over them.
        flip: whether the posterior of the horizontal flip is averaged in.
        most_top1_error, most_top5_error: shares in 0..1; a model above either is not pushed.
    """

    shorter_sides: tuple[int, ...]
    flip: bool = True
    most_top1_error: float = 1.0
    most_top5_error: float = 1.0


@dataclass(frozen=True)
class TrainerConfig:
    """All that the Trainer needs beside its input artifacts."""

    net: Net
    training: Training
    evaluation: Evaluation

    def to_json(self) -> str:
        """One line, keys sorted: the same configuration is the same string."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "TrainerConfig":
        """The inverse of to_json.

        Raises:
            TypeError: a field that no class here has.
        """
        return _build(cls, json.loads(text))


def _build(kind: type, values: dict):
    hints = typing.get_type_hints(kind)
    return kind(**{name: _convert(hints.get(name), value) for name, value in values.items()})


def _convert(hint, value):
    if dataclasses.is_dataclass(hint):
        return _build(hint, value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    return tuple(value) if isinstance(value, list) else value
