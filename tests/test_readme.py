"""The README's commands exist, and the short ones run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
SHORT = [command for command in COMMANDS if command.startswith(("vgg experiments", "vgg nets"))]


def test_the_first_two_commands_are_make_demo_and_make_test():
    assert COMMANDS[:2] == ["make demo", "make test"]


@pytest.mark.slow
@pytest.mark.parametrize("command", SHORT)
def test_a_short_command_runs_as_it_stands(command):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        command, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""


def test_experiments_that_the_readme_names_exist():
    named = re.findall(r"VGG_EXPERIMENT=([\w-]+)", README)
    assert named
    assert set(named) <= set(EXPERIMENTS)


def test_make_targets_that_the_readme_names_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)`?", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_defaults_in_the_table_of_settings_are_the_codes():
    home = Path.home() / "vgg"
    assert Environment.from_variables({"VGG_DOCKER": "0"}) == Environment(data=home / "data", home=home)
    assert "| `$VGG_HOME/data` |" in README
    assert "`~/vgg`" in README


def test_files_that_the_readme_names_exist():
    for name in re.findall(r"`((?:models|serving|components|pipeline|tests|\.ci)/[\w.]*)`", README):
        assert (ROOT / name).exists(), name
