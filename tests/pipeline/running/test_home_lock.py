"""Two runs never write to one home folder at a time."""

import fcntl
from types import SimpleNamespace

import pytest

from models.errors import InputError
from pipeline.environment import Environment
from pipeline.experiments.catalogue import experiment
from pipeline.running import local_runner
from pipeline.running.launch import Took
from pipeline.running.local_runner import Runner


@pytest.fixture
def environment(tmp_path):
    return Environment(data=tmp_path / "data", home=tmp_path / "home")


@pytest.fixture
def runner(environment, monkeypatch) -> Runner:
    """Its results are not looked at."""
    monkeypatch.setattr(local_runner.results, "last_results", lambda *_: SimpleNamespace(refusals=()))
    monkeypatch.setattr(local_runner.results, "show", lambda *_: None)
    monkeypatch.setattr(local_runner, "executor_host", lambda **_: None)
    return Runner(experiment("demo"), environment)


def _take(environment):
    """As another process would: a lock belongs to the file that was opened, not to the process."""
    file = open(environment.home / "lock", "w")  # noqa: SIM115 - closed by the caller
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def test_a_home_that_is_in_use_is_refused_and_nothing_runs(environment, runner, monkeypatch):
    ran = []
    monkeypatch.setattr(local_runner, "run_pipeline", lambda *_: {"one": ran.append(1) or Took()})
    environment.home.mkdir()
    with _take(environment), pytest.raises(InputError, match="another run is writing to it"):
        runner.run_with_ir(None)
    assert (ran, runner.ran) == ([], False)
    runner.run_with_ir(None)  # the other one has ended
    assert (ran, runner.ran) == ([1], True)


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_the_lock_is_held_while_components_run_and_given_back(environment, runner, monkeypatch, error):
    refused = []

    def components(*_):
        try:
            _take(environment).close()
        except BlockingIOError:
            refused.append(True)
        if error:
            raise error
        return {}

    monkeypatch.setattr(local_runner, "run_pipeline", components)
    if error:
        with pytest.raises(error):
            runner.run_with_ir(None)
    else:
        runner.run_with_ir(None)
    assert refused == [True]
    _take(environment).close()
