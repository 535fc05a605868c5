"""A record that could not be read in the middle of a run: which it was, or which shard was replaced."""

import os
import time
from pathlib import Path

import pytest
import tensorflow as tf

from components.datasets.sample import write_sample
from models.errors import InputError
from pipeline.environment import Environment
from pipeline.exit_status import ComponentError
from pipeline.experiments.catalogue import experiment
from pipeline.running import local_runner
from pipeline.running.local_runner import Runner

SAID = "{{node}} corrupted record at 0 [Op:IteratorGetNext]"


@pytest.fixture
def shard(tmp_path) -> Path:
    """The training shard of a small data set, as it was an hour ago."""
    write_sample(tmp_path / "data", train_per_class=1, validation_per_class=1)
    long_ago = time.time() - 3600
    for path in (tmp_path / "data").iterdir():
        os.utime(path, (long_ago, long_ago))
    (found, *_) = sorted((tmp_path / "data").glob("train-*"))
    return found


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run during which something happens, and then TensorFlow says this."""

    def run(happens, said: str = SAID) -> None:
        def fail(*_):
            happens()
            raise tf.errors.DataLossError(None, None, said)

        monkeypatch.setattr(local_runner, "run_pipeline", fail)
        monkeypatch.setattr(local_runner, "executor_host", lambda **_: None)
        environment = Environment(data=tmp_path / "data", home=tmp_path / "home")
        Runner(experiment("demo"), environment).run_with_ir(None)

    return run


def test_a_damaged_record_is_named(run, shard):
    def damage():
        content = bytearray(shard.read_bytes())
        content[20] ^= 1
        shard.write_bytes(content)

    with pytest.raises(InputError, match=f"data file {shard}: record 1, at byte 0: "):
        run(damage)


def test_a_shard_that_was_replaced_is_named(run, shard):
    with pytest.raises(InputError, match=f"data file {shard}: its records are whole, and are not those of"):
        run(lambda: shard.write_bytes(shard.read_bytes()))


def test_another_error_is_not_taken_for_damage(run, shard):
    with pytest.raises(ComponentError, match="TFX failed: DataLossError: something else"):
        run(lambda: None, "something else")
