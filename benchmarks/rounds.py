"""Contenders measured in turn, in many short rounds, and what such rounds can tell.

On a machine that does other work, too, noise has one side: something takes the core away, and nothing gives
it back. So the fastest round and the processor's time say more than a median, each round visits all
contenders, so that a slow minute slows all, and a verdict is given only where the ratios of the rounds do not
lie on both sides of what was wanted.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

WALL, PROCESSOR = "time", "processor time"
REACHED, MISSED, UNDECIDED = "reached", "missed", "not decided: its rounds lie on both sides"
ONE_ROUND = "not decided: one round says nothing of the next"


@dataclass(frozen=True)
class Sample:
    """What one contender took in one round.

    Attributes:
        seconds: by the clock.
        processor: seconds of all threads, user's and system's; None where other processes did the work.
        count: of the units that were worked on: images, steps, requests.
        gib: the peak of memory where it is the sample's own, of a process or a device; else 0.
    """

    seconds: float
    processor: float | None
    count: float = 1.0
    gib: float = 0.0

    def each(self, by: str) -> float:
        """Seconds a unit, by WALL or PROCESSOR."""
        return (self.seconds if by == WALL else self.processor) / self.count

    def per(self, units: float) -> "Sample":
        """The same sample counted in a unit that is so many of its own."""
        return replace(self, count=self.count / units)


Rounds = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class Comparison:
    """How many times faster one contender is than another, or how many times longer it takes.

    Attributes:
        what: "ours, times as fast as whole", for people.
        by: WALL or PROCESSOR.
        ratio: of the two fastest rounds.
        low, high: between which the middle half of the ratios within a round lies.
        wanted: the ratio to reach, or None.
        at_least: whether more is better; else `wanted` is the most.
        rounds: that it is made of.
    """

    what: str
    by: str
    ratio: float
    low: float
    high: float
    wanted: float | None
    at_least: bool
    rounds: int

    @property
    def verdict(self) -> str:
        """REACHED, MISSED, UNDECIDED or ONE_ROUND; empty where nothing was wanted."""
        if self.wanted is None:
            return ""
        if self.rounds < 2:
            return ONE_ROUND
        better = [(value >= self.wanted) == self.at_least or value == self.wanted for value in self._range()]
        return REACHED if all(better) else UNDECIDED if any(better) else MISSED

    def within(self, title: str) -> "Comparison":
        """The same, said of a part of a benchmark."""
        return replace(self, what=f"{title}: {self.what}")

    def _range(self) -> tuple[float, float, float]:
        return self.low, self.ratio, self.high


def in_rounds(
    contenders: Mapping[str, Callable[[int], Sample]],
    rounds: int,
    *,
    warming_up: int = 1,
    after_each: Callable[[str], None] = lambda line: None,
) -> dict[str, list[Sample]]:
    """Each contender's samples, one a round; it is called with the round's number, from 0.

    Args:
        contenders: by name.
        rounds: that count.
        warming_up: rounds before them that do not, in which graphs are built.
        after_each: told a line about each round's end.
    """
    found: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(warming_up + rounds):
        for name, measure in contenders.items():
            sample = measure(number)
            if number >= warming_up:
                found[name].append(sample)
        after_each(f"round {number + 1} of {warming_up + rounds}")
    return found


def timed(call: Callable[[], object], count: float = 1.0) -> Sample:
    """One call in this process."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return Sample(time.perf_counter() - wall, time.process_time() - processor, count)


def as_fast(
    found: Rounds, one: str, other: str, *, by: str = PROCESSOR, wanted: float | None = None
) -> Comparison:
    """How many times as fast as `other` `one` is; at least `wanted`."""
    ratio, low, high = _ratios(found[other], found[one], by)
    return Comparison(f"{one}, times as fast as {other}", by, ratio, low, high, wanted, True, len(found[one]))


def as_long(
    found: Rounds, one: str, other: str, *, by: str = PROCESSOR, wanted: float | None = None
) -> Comparison:
    """How many times as long as `other` `one` takes; at most `wanted`."""
    ratio, low, high = _ratios(found[one], found[other], by)
    return Comparison(
        f"{one}, times as long as {other}", by, ratio, low, high, wanted, False, len(found[one])
    )


def sum_of(samples: Sequence[Sample]) -> Sample:
    """Of what one contender did one after another, as one."""
    return Sample(
        sum(sample.seconds for sample in samples),
        sum(sample.processor or 0.0 for sample in samples),
        gib=max(sample.gib for sample in samples),
    )


def fastest(samples: Sequence[Sample], by: str) -> float:
    """Seconds a unit in the fastest round."""
    return min(sample.each(by) for sample in samples)


def median(samples: Sequence[Sample], by: str) -> float:
    """Seconds a unit in the median round."""
    return statistics.median(sample.each(by) for sample in samples)


def _ratios(upper: Sequence[Sample], lower: Sequence[Sample], by: str) -> tuple[float, float, float]:
    """Of the fastest rounds; and the lower and upper quartile of the ratios within a round."""
    each = [a.each(by) / b.each(by) for a, b in zip(upper, lower, strict=True)]
    low, _, high = statistics.quantiles(each, n=4, method="inclusive") if len(each) > 1 else each * 3
    return fastest(upper, by) / fastest(lower, by), low, high
