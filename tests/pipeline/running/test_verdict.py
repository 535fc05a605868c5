"""What the terminal says of a model that is blessed and pushed."""

import dataclasses
import io

import pytest
from rich.console import Console

from models.protocols import Protocol
from pipeline.experiments.catalogue import experiment
from pipeline.running.results import Errors, Results, show


def _shown(protocol: Protocol, pushed: str | None = "/home/serving/vgg/1") -> str:
    demo = experiment("demo")
    evaluation = dataclasses.replace(demo.evaluation, protocol=protocol)
    console = Console(file=io.StringIO(), width=100)
    results = Results(errors={"average": Errors(0.1, 0.02)}, images=300, refusals=(), pushed=pushed)
    show(results, dataclasses.replace(demo, evaluation=evaluation), console)
    return console.file.getvalue()


def test_a_model_that_was_tested_as_it_answers_needs_no_word():
    assert "Blessed as" not in _shown(Protocol.DENSE)


@pytest.mark.parametrize(
    ("protocol", "errors"),
    [
        (Protocol.MULTI_CROP_DENSE, "its errors are those of dense above."),
        (Protocol.MULTI_CROP, "its errors were not measured: `vgg evaluate --model` measures them."),
    ],
)
def test_a_model_that_answers_otherwise_than_it_was_tested_is_said_to(protocol, errors):
    start = f"Blessed as tested {protocol.value}; the model answers densely at Q = 64, 72, 80, and "
    assert start + errors in _shown(protocol)
    assert "Blessed as" not in _shown(protocol, pushed=None)
