"""What trials came to, as plain data."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from components.recipe import CROSS_ENTROPY
from components.tuning.space import OBJECTIVES, Value


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes:
        metrics: components.evaluation.metrics.metrics_of the validation images; none where it failed.
        seconds: of training and evaluation; 0 where an interruption lies between.
        failure: why the net could not be trained, one line; "" where it was.
    """

    metrics: dict[str, float]
    seconds: float = 0.0
    failure: str = ""

    def figure(self, objective: str) -> str:
        """What is least of the best, in words: "top-1 error 1.3 %"."""
        if self.failure:
            return f"failed: {self.failure}"
        value = self.metrics[objective]
        if objective == CROSS_ENTROPY:
            return f"cross-entropy {value:.3f} nats"
        return f"{OBJECTIVES[objective]} {100 * value:.1f} %"


@dataclass(frozen=True)
class Trial:
    """One of them.

    Attributes:
        number: from 1, in the order in which they were drawn.
        values: by field.
        outcome: what it came to.
    """

    number: int
    values: dict[str, Value]
    outcome: Outcome


def best_first(trials: Sequence[Trial], objective: str) -> list[Trial]:
    """Sorted by the objective, of equal ones the earlier first; what is no number, then what failed, last."""

    def order(one: Trial) -> tuple[bool, bool, float, int]:
        value = one.outcome.metrics.get(objective, math.nan)
        unknown = math.isnan(value)
        return bool(one.outcome.failure), unknown, 0.0 if unknown else value, one.number

    return sorted(trials, key=order)
