"""What rounds of samples tell, by numbers worked by hand."""

import pytest

from benchmarks.rounds import (
    MISSED,
    ONE_ROUND,
    PROCESSOR,
    REACHED,
    UNDECIDED,
    WALL,
    Sample,
    as_fast,
    as_long,
    fastest,
    in_rounds,
    median,
    sum_of,
    timed,
)

# Seconds by the clock and of the processor for two images.
OURS = [Sample(2.0, 4.0, 2), Sample(3.0, 4.4, 2), Sample(10.0, 5.0, 2)]
THEIRS = [Sample(4.0, 6.0, 2), Sample(4.5, 6.6, 2), Sample(5.0, 8.0, 2)]
FOUND = {"ours": OURS, "theirs": THEIRS}


def test_fastest_and_median_are_of_one_unit():
    assert (fastest(OURS, WALL), median(OURS, WALL)) == (1.0, 1.5)
    assert (fastest(OURS, PROCESSOR), median(OURS, PROCESSOR)) == (2.0, 2.2)


def test_a_ratio_is_of_the_fastest_rounds_and_its_range_of_the_rounds_quartiles():
    """Their rounds over ours: 2, 1.5 and 0.5, whose quartiles are 1 and 1.75."""
    found = as_fast(FOUND, "ours", "theirs", by=WALL)
    assert (found.ratio, found.low, found.high) == (2.0, 1.0, 1.75)
    assert found.what == "ours, times as fast as theirs"
    found = as_long(FOUND, "theirs", "ours", by=WALL)
    assert (found.ratio, found.low, found.high) == (2.0, 1.0, 1.75)


@pytest.mark.parametrize(
    ("wanted", "verdict"), [(1.0, REACHED), (0.9, REACHED), (1.5, UNDECIDED), (2.0, UNDECIDED), (2.1, MISSED)]
)
def test_at_least(wanted, verdict):
    assert as_fast(FOUND, "ours", "theirs", by=WALL, wanted=wanted).verdict == verdict


@pytest.mark.parametrize(
    ("wanted", "verdict"), [(2.0, REACHED), (1.9, UNDECIDED), (1.0, UNDECIDED), (0.9, MISSED)]
)
def test_at_most(wanted, verdict):
    assert as_long(FOUND, "theirs", "ours", by=WALL, wanted=wanted).verdict == verdict


def test_nothing_is_judged_where_nothing_was_wanted():
    assert as_fast(FOUND, "ours", "theirs").verdict == ""


def test_one_round_is_its_own_range_and_decides_nothing():
    found = as_fast({"ours": OURS[:1], "theirs": THEIRS[:1]}, "ours", "theirs", wanted=1.4)
    assert (found.ratio, found.low, found.high, found.verdict) == (1.5, 1.5, 1.5, ONE_ROUND)


def test_each_round_visits_all_and_those_that_warm_up_do_not_count():
    visited = []

    def contender(name):
        def measure(number):
            visited.append((name, number))
            return Sample(number, number)

        return measure

    told = []
    found = in_rounds({"a": contender("a"), "b": contender("b")}, 2, after_each=told.append)
    assert visited == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert [sample.seconds for sample in found["b"]] == [1, 2]
    assert told[-1] == "round 3 of 3"


def test_a_sample_in_another_unit_and_the_sum_of_several():
    assert Sample(6.0, 9.0, 12).per(4).each(WALL) == 2.0
    total = sum_of([Sample(1.0, 2.0, gib=3.0), Sample(4.0, 5.0, gib=1.0)])
    assert total == Sample(5.0, 7.0, gib=3.0)


def test_processor_time_is_that_of_this_process_alone():
    import time

    idle = timed(lambda: time.sleep(0.2))
    busy = timed(lambda: sum(range(5_000_000)))
    assert idle.seconds >= 0.2
    assert idle.processor < 0.1 < idle.seconds
    assert busy.processor > idle.processor
