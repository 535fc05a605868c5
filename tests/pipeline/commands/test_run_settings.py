"""What `vgg run` hands on: its options, and of the environment all that it has no option for."""

import pytest
from click.testing import CliRunner

from pipeline.commands import run as command


@pytest.fixture
def handed_on(monkeypatch):
    """The variables that a call hands to the run, which is not begun."""

    def call(*words: str, **variables: str) -> dict[str, str]:
        found = {}
        monkeypatch.setattr(command, "run", lambda given: found.update(given) or 0)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(command.run_command, words)
        assert done.exit_code == 0, done.output
        return found

    return call


@pytest.mark.parametrize(
    "name",
    ["VGG_COPY_DATA", "VGG_KEEP_NETS", "VGG_BEAM", "VGG_DOCKER", "VGG_SIDE_BY_SIDE", "VGG_DATA", "VGG_INIT"],
)
def test_the_environments_settings_count(handed_on, name):
    assert handed_on(**{name: "1"})[name] == "1"


def test_an_option_goes_before_the_environment(handed_on):
    assert handed_on("--data", "here", VGG_DATA="there")["VGG_DATA"] == "here"


def test_settings_are_added_to_the_environments(handed_on):
    found = handed_on("--set", "training.drops=[3, 5]", "--set", "net.width=8", VGG_SET="training.batch=32")
    assert found["VGG_SET"] == "training.batch=32 'training.drops=[3, 5]' net.width=8"
