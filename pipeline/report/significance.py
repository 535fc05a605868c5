"""Is the difference between two nets real? McNemar's exact test on the same images.

Only images that one net gets right and the other wrong say anything. If both nets were as good, each such
image would fall to either side like a coin: the two-sided p-value is the binomial distribution's (McNemar
1947, in its exact form). Of many pairs some differ by chance, so Holm's correction stands beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

TEST = "McNemar's exact test: two-sided binomial test, share 1/2, of the images on which the two differ"


@dataclass(frozen=True)
class Paired:
    """Two nets on the same images.

    Attributes:
        only_first: images that only the first one gets wrong.
        only_second: images that only the second one gets wrong.
        p: that so uneven a split, or a more uneven one, comes of equally good nets; 0..1.
    """

    only_first: int
    only_second: int
    p: float


def paired(wrong_first: np.ndarray, wrong_second: np.ndarray) -> Paired:
    """Of bool [N] each: whether the two nets err on the same N images.

    Raises:
        ValueError: they are not as many.
    """
    if wrong_first.shape != wrong_second.shape:
        raise ValueError(f"{wrong_first.shape} and {wrong_second.shape} images: expected the same ones")
    only_first = int(np.count_nonzero(wrong_first & ~wrong_second))
    only_second = int(np.count_nonzero(wrong_second & ~wrong_first))
    return Paired(only_first, only_second, p_value(only_first, only_second))


def p_value(only_first: int, only_second: int) -> float:
    """Two-sided; 1 where the nets never differ."""
    differing = only_first + only_second
    return float(binomtest(only_first, differing, 0.5).pvalue) if differing else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction (1979), in the order given: the chance of any false alarm stays below p."""
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
