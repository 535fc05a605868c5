"""A decision in words."""

import dataclasses

from pipeline.continuous.classes import Change
from pipeline.continuous.outcome import Outcome
from pipeline.continuous.words import percent, reason_of

ERRORS = {"top1_error": [0.125, 0.1, 0.15]}
PUSHED = Outcome("run", "/model", {}, "", ERRORS, (), pushed="/serving/1")
COMPARED = dataclasses.replace(PUSHED, baseline={"top1_error": [0.25, None, None]}, baseline_model="/old")


def test_what_it_was_compared_with_is_said():
    said = "Top-1 error 12.5% [10.0, 15.0], the last blessed model's on the same images 25.0%"
    assert reason_of(COMPARED, None, bounded=False) == said


def test_what_refused_it_comes_first():
    refused = dataclasses.replace(COMPARED, refusals=("too bad", "and worse"), pushed="")
    assert reason_of(refused, None, bounded=True).startswith("too bad. and worse. Top-1 error 12.5%")


def test_a_model_that_the_servers_trial_refused():
    assert reason_of(dataclasses.replace(PUSHED, pushed=""), None, bounded=True).startswith(
        "blessed, and the server that tried it did not bless it. "
    )


def test_without_a_model_to_compare_with_it_says_why_and_what_else_bounds_it():
    new = Change(("yak",), ("owl",))
    assert reason_of(PUSHED, new, bounded=True) == (
        "Top-1 error 12.5% [10.0, 15.0]; classes differ from the last model's (new: yak; gone: owl), so it "
        "was held against its other thresholds alone"
    )
    assert reason_of(PUSHED, None, bounded=False) == (
        "Top-1 error 12.5% [10.0, 15.0]; no blessed model of these classes before it, so nothing bounds it"
    )


def test_percent():
    assert percent([1 / 3, None, None]) == "33.3%"
