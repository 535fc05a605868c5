"""What a command imports before it computes anything; benchmarks/commands.py measures what that takes."""

import os
import subprocess
import sys

import click
import pytest

from pipeline.commands.vgg import vgg

# In a process of its own: here, other tests have imported everything.
IMPORTED = """
import sys
from pipeline.commands import tfx_command, vgg
command = {"vgg": vgg.main, "tfx": tfx_command.main}[sys.argv[1]]
try:
    command(sys.argv[2:])
except SystemExit as ended:
    print("STATUS", ended.code)
print("MODULES", *sys.modules)
"""
HEAVY = {
    *("tensorflow", "keras", "tf_keras", "grpc", "google.protobuf", "numpy", "scipy", "pandas", "PIL"),
    *("tfx_bsl", "ml_metadata", "apache_beam", "kfp", "jinja2", "starlette", "uvicorn"),
    *("tensorflow_data_validation", "tensorflow_transform", "tensorflow_model_analysis"),
}


def started(*words: str, **variables: str) -> tuple[int, set[str]]:
    """The exit status of a command and the modules that it has imported by then."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, status, modules = (line.split()[1:] for line in done.stdout.splitlines())
    return int(status[0]), set(modules)


def names(group: click.Group, *before: str):
    """The words of each command and of each command's commands."""
    for name, command in group.commands.items():
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from names(command, *before, name)


def test_what_is_heavy_is_seen():
    done = subprocess.run(
        [sys.executable, "-c", f"import numpy\n{IMPORTED}", "vgg", "--help"], capture_output=True, text=True
    )
    assert HEAVY & set(done.stdout.splitlines()[-1].split()) == {"numpy"}


@pytest.mark.parametrize("words", [(), *names(vgg)], ids=" ".join)
def test_help_needs_only_click(words):
    status, modules = started("vgg", *words, "--help")
    assert (status, modules & {*HEAVY, "rich"}) == (0, set())


@pytest.mark.parametrize(
    "words", [["--version"], ["nets"], ["nets", "--json"], ["experiments"]], ids=" ".join
)
def test_what_only_describes_computes_nothing(words):
    status, modules = started("vgg", *words)
    assert (status, modules & HEAVY) == (0, set())


@pytest.mark.parametrize(
    "line",
    [
        "run --experiment nope",
        "run --experiment nope-*",
        "run --init nope",
        "run --data {nowhere}",
        "run --data {shards} --init-from {nowhere}",
        "data folders {nowhere} --out {nowhere}/out",
        "data check {nowhere}",
        "data check {shards} --out {shards}/out",
        "evaluate --model {nowhere} --data {nowhere}",
        "evaluate --model {nowhere} --data {nowhere} --protocol nope",
        "evaluate --model {nowhere} --data {nowhere} --q nope",
        "evaluate --model {model} --data {nowhere}",
        "predict --home {nowhere} photograph.jpg",
        "predict --rest photograph.jpg",
        "push {nowhere}",
        "push {nowhere} --photograph {shards}/train-00000-of-00001",
        "report --home {nowhere}",
        "serve --fail_if_no_model_versions_found --model_base_path {nowhere}",
    ],
)
def test_a_mistake_is_answered_before_anything_is_imported_to_compute(tmp_path, line):
    """Wherever the mistake can be seen without looking into files."""
    shards, model = tmp_path / "shards", tmp_path / "model"
    shards.mkdir()
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        (shards / name).touch()
    (model / "assets.extra").mkdir(parents=True)
    (model / "assets.extra" / "vgg.json").write_text(DESCRIPTION)
    words = line.format(nowhere=tmp_path / "nowhere", shards=shards, model=model).split()
    status, modules = started("vgg", *words, VGG_DATA=str(shards), VGG_HOME=str(tmp_path / "home"))
    assert (status, modules & {*HEAVY, "rich"}) == (2, set())
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "nowhere").exists()


DESCRIPTION = """{"net": {"configuration": "A"}, "head": {
    "mean_rgb": [1, 2, 3], "class_names": ["a", "b"], "shorter_sides": [256], "flip": true,
    "image_key": "image/encoded", "label_key": "image/class/label", "first_label": 1}}"""


@pytest.mark.parametrize("wrong", [{"VGG_EXPERIMENT": "nope"}, {"VGG_DATA": "/nowhere"}], ids=str)
def test_the_run_of_tfx_finds_mistakes_as_early(tmp_path, wrong):
    """`tfx run create --pipeline vgg` becomes pipeline/commands/tfx_entry.py."""
    program = (
        "import sys\nfrom pipeline.commands.tfx_entry import main\n"
        "print('STATUS', main())\nprint('MODULES', *sys.modules)"
    )
    for name in ("train-00000-of-00001", "validation-00000-of-00001"):
        (tmp_path / name).touch()
    variables = {**os.environ, "VGG_DATA": str(tmp_path), "VGG_HOME": str(tmp_path / "home"), **wrong}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True)
    status, modules = (line.split()[1:] for line in done.stdout.splitlines())
    assert (status, set(modules) & {*HEAVY, "tfx"}) == (["2"], set())


def test_the_tfx_command_becomes_the_run_without_its_own_group():
    """Nor anything of TFX: from 1.21 on, the package itself imports tfx_bsl."""
    program = (
        "import os, sys\nfrom pipeline.commands import tfx_command\n"
        "os.execv = lambda *_: sys.exit(print('MODULES', *sys.modules))\n"
        "tfx_command.register = lambda: None\n"
        "tfx_command.main(['run', 'create', '--pipeline', 'vgg'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    word, *modules = done.stdout.splitlines()[-1].split()
    assert (word, set(modules) & {*HEAVY, "tfx"}) == ("MODULES", set())
