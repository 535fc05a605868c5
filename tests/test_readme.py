"""The README and the pages of docs/: what they name exists, and the short commands run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipeline.commands.vgg import vgg
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS, experiments_named
from pipeline.experiments.experiment_file import read_experiment

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {str(path.relative_to(ROOT)): path for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
COMMAND = re.compile(r"^\$ (.+)$", re.MULTILINE)
COMMANDS = [(name, command) for name, text in TEXTS.items() for command in COMMAND.findall(text)]
SHORT = sorted({c for _, c in COMMANDS if c.startswith(("vgg experiments", "vgg nets")) and "DATA" not in c})
FILE = re.compile(r"`((?:models|serving|components|pipeline|benchmarks|tests|docs|\.ci)/[\w./-]*)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")

pages = pytest.mark.parametrize("page", PAGES)


def calls(program: str) -> Iterator[list[str]]:
    """The words after `program` wherever the pages call it, settings before it left out."""
    for _, command in COMMANDS:
        words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
        if " ".join(words).startswith(f"{program} "):
            yield words[len(program.split()) :]


def anchors(text: str) -> set[str]:
    """Of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_first_two_commands_are_make_demo_and_make_test():
    assert COMMAND.findall(README)[:2] == ["make demo", "make test"]
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_stays_short():
    assert len(README.splitlines()) < 200


@pytest.mark.slow
@pytest.mark.parametrize("command", SHORT)
def test_a_short_command_runs_as_it_stands(command):
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        command, shell=True, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""


def test_experiments_that_are_named_exist():
    named = {name for text in TEXTS.values() for name in re.findall(r"VGG_EXPERIMENT='?([\w.*\[\]-]+)", text)}
    assert {"flowers", "D-256", "imagenet-smoke", "mini-*"} <= named
    for name in named:
        assert name.endswith(".toml") or experiments_named(name)


def test_experiments_that_are_files_are_read(tmp_path):
    written = re.findall(r"^```toml\n(.*?)^```", TEXTS["README.md"], re.M | re.S)
    assert written
    for text in written:
        (tmp_path / "mine.toml").write_text(text)
        found = read_experiment(str(tmp_path / "mine.toml"))
        assert found.config != EXPERIMENTS["flowers"].config


def test_commands_and_options_of_vgg_exist():
    found = list(calls("vgg"))
    assert len(found) > 10
    for words in found:
        command: click.Command = vgg
        while isinstance(command, click.Group) and (words or not command.invoke_without_command):
            name = words.pop(0)
            command = command.get_command(click.Context(command), name)
            assert command, name
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, command.name


def test_benchmarks_and_their_options_exist():
    found = [words for words in calls("python -m") if words[0].startswith("benchmarks.")]
    assert len(found) > 4
    for module, *words in found:
        source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        for shared, defined in (("DATA_OPTION", "photographs"), ("JSON_OPTION", "report")):
            if f"@{shared}" in source:
                source += (ROOT / f"benchmarks/{defined}.py").read_text(encoding="utf-8")
        for option in (word for word in words if word.startswith("--")):
            assert f'"{option}"' in source, (module, option)


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {
        target for text in TEXTS.values() for target in re.findall(r"(?:`|^\$ )make ([a-z]+)", text, re.M)
    }
    assert {"demo", "test", "setup", "lint"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_defaults_in_the_table_of_settings_are_the_codes():
    home = Path.home() / "vgg"
    assert Environment.from_variables({"VGG_DOCKER": "0"}) == Environment(data=home / "data", home=home)
    assert "| `$VGG_HOME/data` |" in README
    assert "`~/vgg`" in README


@pages
def test_files_that_a_page_names_exist(page):
    for name in FILE.findall(TEXTS[page]):
        assert (ROOT / name).exists(), name


def test_files_are_seen():
    assert len(FILE.findall(TEXTS["docs/design.md"])) > 20
    assert FILE.findall("in `models/none.py` and `serving/`") == ["models/none.py", "serving/"]


@pages
def test_links_lead_somewhere(page):
    for link in LINK.findall(TEXTS[page]):
        name, _, anchor = link.partition("#")
        target = (PAGES[page].parent / name) if name else PAGES[page]
        assert target.is_file(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_each_page_is_linked_from_the_readme():
    linked = {link.partition("#")[0] for link in LINK.findall(README)}
    assert set(PAGES) - {"README.md"} <= linked
