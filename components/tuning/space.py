"""What a tuning tries: fields of a recipe and the values that they may take, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from components.recipe import CROSS_ENTROPY, TOP1_ERROR, TOP5_ERROR, TrainerConfig, from_json, to_json

Value = int | float | str | bool

OBJECTIVES = {TOP1_ERROR: "top-1 error", TOP5_ERROR: "top-5 error", CROSS_ENTROPY: "nats"}
"""What the best trial has the least of, and its name in a table."""


@dataclass(frozen=True)
class Dimension:
    """One field and the values to draw from.

    Attributes:
        field: such as training.learning_rate.
        values: each as likely as the others; where there are none, any from `low` to `high`.
        low, high: both included.
        logarithmic: whether each factor, and not each difference, is as likely as another of its size.
        whole: whether only whole numbers are drawn.
    """

    field: str
    values: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    whole: bool = False

    @property
    def ends(self) -> tuple[Value, ...]:
        """The first and the last value: those of an order that go furthest."""
        if self.values:
            return tuple(dict.fromkeys((min(self.values), max(self.values))))
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)


@dataclass(frozen=True)
class Tuning:
    """All that a Tuner is given beside an experiment's configuration and evaluation.

    Attributes:
        dimensions: the fields.
        trials: how many; the first has the experiment's own values.
        seed: of the others' values. Each training has the experiment's seed.
        objective: one of OBJECTIVES, of the validation images, averaged over the experiment's Q.
    """

    dimensions: tuple[Dimension, ...]
    trials: int
    seed: int
    objective: str = TOP1_ERROR


def values_of(config: TrainerConfig, dimensions: tuple[Dimension, ...]) -> dict[str, Value]:
    """What an experiment's configuration has in these fields."""
    written = json.loads(to_json(config))
    parts = (one.field.partition(".") for one in dimensions)
    return {f"{section}.{name}": written[section][name] for section, _, name in parts}


def with_values(config: TrainerConfig, values: Mapping[str, Value]) -> TrainerConfig:
    """A configuration with other values, by field.

    Raises:
        InputError: values that do not go together.
    """
    written = json.loads(to_json(config))
    for field, value in values.items():
        section, _, name = field.partition(".")
        written[section][name] = value
    return from_json(TrainerConfig, json.dumps(written))
