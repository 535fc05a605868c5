"""What the tests of experiments share."""

import pytest

from pipeline.experiments.experiment import Experiment
from pipeline.experiments.experiment_file import read_experiment


@pytest.fixture
def read(tmp_path):
    """The experiment of a file of this text."""

    def read(text: str, name: str = "mine.toml") -> Experiment:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read_experiment(str(tmp_path / name))

    return read
