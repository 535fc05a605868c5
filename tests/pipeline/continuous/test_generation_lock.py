"""Two looks at once would both begin the same generation."""

import os

import pytest

from pipeline.continuous.generation import Request, once
from pipeline.exit_status import BAD_INPUT, status_of
from pipeline.home_lock import GENERATION, only_one_in
from pipeline.home_name import HomeInUse


def test_a_second_look_is_refused_before_it_looks_at_anything(tmp_path):
    variables = {"VGG_HOME": str(tmp_path), "VGG_DATA": str(tmp_path / "data"), "VGG_EXPERIMENT": "demo"}
    with (
        only_one_in(tmp_path, GENERATION),
        pytest.raises(HomeInUse, match="another vgg watch is at a generation") as refused,
    ):
        once(variables, Request(), print)
    assert status_of(refused.value)[0] == BAD_INPUT
    assert not (tmp_path / "generations.jsonl").exists()


def test_a_process_that_was_forked_meanwhile_and_goes_on_does_not_keep_the_lock(tmp_path):
    """As the one does that executors are forked from."""
    reads, writes = os.pipe()
    with only_one_in(tmp_path, GENERATION):
        child = os.fork()
        if child == 0:
            os.close(writes)
            os.read(reads, 1)
            os._exit(0)
    try:
        with only_one_in(tmp_path, GENERATION):
            pass
    finally:
        os.close(writes)
        os.waitpid(child, 0)
        os.close(reads)
