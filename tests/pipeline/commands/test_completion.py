"""Completion in a shell, as click has it: `eval "$(_VGG_COMPLETE=bash_source vgg)"`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.experiments.catalogue import EXPERIMENTS

VGG = Path(sys.executable).with_name("vgg")


def completed(line: str) -> list[str]:
    """What bash would offer for the last word of `line`: "plain,WORD" each, or "file,BEGUN" for a path."""
    words = line.split(" ")
    variables = {"_VGG_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [str(VGG)], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_are_completed():
    assert completed("vgg p") == ["plain,predict", "plain,push"]
    assert completed("vgg data ") == [
        "plain,check",
        "plain,folders",
        "plain,ilsvrc",
        "plain,sample",
        "plain,voc",
    ]


def test_names_of_experiments_are_completed():
    begin = [f"plain,{name}" for name in EXPERIMENTS if name.startswith("small-D")]
    assert len(begin) == 3
    assert completed("vgg run --experiment small-D") == begin
    assert completed("vgg run --experiment no-such") == []
    assert len(completed("vgg run --experiment ")) == len(EXPERIMENTS)


def test_names_of_protocols_and_initialisations_are_completed():
    assert completed("vgg evaluate --protocol multi") == ["plain,multi-crop", "plain,multi-crop-dense"]
    assert completed("vgg run --init g") == ["plain,glorot"]


@pytest.mark.parametrize(
    "line",
    [
        "run --data ",
        "run --home ",
        "evaluate --model ",
        "push ",
        "predict ",
        "predict --tls-ca ",
        "report --home ",
    ],
)
def test_paths_are_left_to_the_shell(line):
    assert completed(f"vgg {line}/t") == ["file,/t"]


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_what_the_readme_says_makes_bash_complete():
    """bash calls the function that completes `vgg` and finds its answer."""
    script = (
        f'PATH="{VGG.parent}:$PATH"; eval "$(_VGG_COMPLETE=bash_source vgg)"; complete -p vgg >&2\n'
        'COMP_WORDS=(vgg run --experiment flow); COMP_CWORD=3; _vgg_completion vgg; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "flowers\n"
    assert "_vgg_completion" in done.stderr
