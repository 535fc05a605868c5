"""An InputError in one of Beam's steps is the same one line, met in this process or in another."""

from functools import partial

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from models.errors import InputError
from models.literal_paths import check_literal
from pipeline.running.refusals import refusal_of

TRACE = """bundle_3 failed:Traceback (most recent call last):
  File "apache_beam/runners/common.py", line 1498, in apache_beam.runners.common.DoFnRunner.process
  File "/work/steps.py", line 6, in bad
    raise InputError(f"data file /d/x: record {x}: is damaged; expected a record")
models.errors.InputError: data file /d/x: record 1: is damaged; expected a record [while running 'Map(bad)']
"""
PATTERN = "/data/photographs*"


def _error_of(step, *options: str) -> BaseException:
    """Of a step of ours, which Beam's other processes can import, on a path that is a pattern."""
    held = PipelineOptions(options)
    with pytest.raises((RuntimeError, ValueError)) as raised, beam.Pipeline(options=held) as made:
        _ = made | beam.Create([PATTERN]) | beam.Map(step)
    return raised.value


@pytest.fixture(scope="module")
def said() -> str:
    with pytest.raises(InputError) as raised:
        check_literal("data folder", PATTERN)
    return str(raised.value)


def test_in_this_process_the_name_of_the_step_is_left_out(said):
    error = _error_of(partial(check_literal, "data folder"), "--direct_running_mode=in_memory")
    assert "while running" in str(error)
    assert refusal_of(error) == said


def test_of_another_process_it_is_found_in_its_trace():
    """The text is Beam's: with two processes it gave this one, and in one of six tries did not end."""
    assert refusal_of(RuntimeError(TRACE)) == "data file /d/x: record 1: is damaged; expected a record"
    assert refusal_of(ValueError(TRACE)) is None


def test_any_other_error_is_none(said):
    assert refusal_of(_error_of(int, "--direct_running_mode=in_memory")) is None
    assert refusal_of(RuntimeError("no InputError: at the beginning of a line")) is None
    assert refusal_of(ValueError(f"InputError: {said}")) is None
