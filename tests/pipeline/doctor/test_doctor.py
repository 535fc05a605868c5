"""`vgg doctor`: what facts about a machine mean, and the facts about this one."""

import io
import json
import os
import platform
import sys
from dataclasses import replace
from importlib.metadata import version

import pytest
from click.testing import CliRunner
from rich.console import Console

from pipeline.commands.vgg import vgg
from pipeline.doctor import machine as machines
from pipeline.doctor.findings import findings, runs
from pipeline.doctor.machine import Machine, TensorFlow
from pipeline.doctor.screen import show

NEW = Machine(
    system="Debian GNU/Linux 13 (trixie), Linux 6.12 x86_64",
    glibc="2.41",
    python="3.13.5",
    tfx="1.21.0",
    tensorflow="2.21.0",
    imported=TensorFlow(seconds=5.0, gpus=("NVIDIA H100",)),
    nvidia=True,
    cores=16,
    memory=128 * 2**30,
    home="/home/ada/vgg",
    free=500 * 10**9,
    docker=True,
    tf_serving="/usr/bin/tensorflow_model_server",
    chromium="/usr/bin/chromium",
    compiler="/usr/bin/c++",
)


def named(machine: Machine, name: str):
    (found,) = [each for each in findings(machine) if each.name == name]
    return found


def test_nothing_is_to_be_mended_on_a_machine_that_has_all():
    assert all(each.works and not each.mend for each in findings(NEW))
    assert runs(findings(NEW))


@pytest.mark.parametrize(
    ("change", "name", "mend"),
    [
        ({"glibc": "2.36", "python": "3.10.13", "tfx": "1.16.0"}, "glibc", "Debian 13"),
        ({"glibc": "2.9", "python": "3.10.13", "tfx": "1.16.0"}, "glibc", "Debian 13"),
        ({"python": "3.10.13", "tfx": "1.16.0"}, "TFX", "make setup"),
        ({"imported": TensorFlow(seconds=5.0)}, "GPU", "make setup GPU=1"),
        ({"imported": TensorFlow(5.0, ("NVIDIA H100",), bfloat16=0.4)}, "bfloat16", "float32"),
        ({"memory": 4 * 2**30}, "memory", "VGG_EXPERIMENT=demo"),
        ({"free": 10**9}, "disk", "VGG_HOME"),
        ({"docker": False}, "Docker", "apt-get install docker.io"),
        ({"tf_serving": ""}, "tensorflow_model_server", "docs/serving.md"),
        ({"chromium": ""}, "Chromium", "apt-get install chromium"),
        ({"compiler": ""}, "C++ compiler", "apt-get install g++"),
    ],
)
def test_what_is_lacking_and_not_needed(change, name, mend):
    changed = replace(NEW, **change)
    assert [each.name for each in findings(changed) if not each.works] == [name]
    assert mend in named(changed, name).mend
    assert runs(findings(changed))


def test_what_bfloat16_gains_is_said_where_the_processor_trains():
    gains = replace(NEW, imported=TensorFlow(5.0, ("NVIDIA H100",), bfloat16=1.9))
    assert named(gains, "bfloat16").found == "1.90 times as fast as float32"
    assert named(gains, "bfloat16").works
    assert "bfloat16" not in [each.name for each in findings(NEW)]


@pytest.mark.parametrize(
    ("change", "name", "mend"),
    [
        ({"glibc": ""}, "glibc", "Debian"),
        ({"python": "3.10.13"}, "Python", "make setup"),
        ({"glibc": "2.36", "tfx": "1.16.0"}, "Python", "make setup"),
        ({"tfx": "", "python": "3.10.13"}, "TFX", "make setup"),
        ({"tensorflow": ""}, "TensorFlow", "make setup"),
        ({"imported": TensorFlow(error="Illegal instruction")}, "TensorFlow", "rm -rf .venv && make setup"),
    ],
)
def test_what_is_lacking_and_needed(change, name, mend):
    changed = replace(NEW, **change)
    assert not named(changed, name).works
    assert mend in named(changed, name).mend
    assert not runs(findings(changed))


def test_without_a_gpu_there_is_nothing_to_mend():
    without = named(replace(NEW, nvidia=False, imported=TensorFlow(seconds=5.0)), "GPU")
    assert (without.works, without.mend) == (False, "")


def test_the_reason_why_tensorflow_does_not_import_is_shown():
    broken = replace(NEW, imported=TensorFlow(error="ImportError: libfoo.so.1: cannot open"))
    assert "libfoo.so.1" in named(broken, "TensorFlow").means


def test_the_screen_has_the_mending_under_each_thing_and_the_verdict():
    console = Console(record=True, width=200, file=io.StringIO())
    show(findings(replace(NEW, chromium="")), ["vgg 0.1.0", "Python 3.13.5"], console)
    lines = console.export_text().splitlines()
    place = next(index for index, line in enumerate(lines) if "Chromium" in line)
    assert lines[place].startswith("--")
    assert lines[place + 2].strip() == "mend: apt-get install chromium"
    assert "The pipeline can run here." in lines
    assert lines[-1] == "vgg 0.1.0; Python 3.13.5"


def test_an_import_that_fails_is_told_by_its_last_line(monkeypatch):
    monkeypatch.setattr(machines, "IMPORT", "import nothing_of_this_name")
    assert "nothing_of_this_name" in machines._import_tensorflow().error
    monkeypatch.setattr(machines, "IMPORT", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert "-4" in machines._import_tensorflow().error


@pytest.mark.differs
@pytest.mark.slow  # imports TensorFlow in a process of its own
def test_this_machine(tmp_path):
    done = CliRunner().invoke(
        vgg, ["doctor", "--json", "--home", str(tmp_path / "home")], standalone_mode=False
    )
    told = json.loads(done.stdout)
    found = {each["name"]: each for each in told["findings"]}
    assert done.return_value == 0
    assert found["Python"]["found"] == platform.python_version()
    assert found["glibc"]["found"] == os.confstr("CS_GNU_LIBC_VERSION").split()[1]
    assert found["TensorFlow"]["found"].startswith(version("tensorflow"))
    assert found["cores"]["found"] == str(len(os.sched_getaffinity(0)))
    assert str(tmp_path) in found["disk"]["found"]
    assert not (tmp_path / "home").exists(), "the doctor changes nothing"
    assert f"Python {sys.version.split()[0]}" in told["versions"]
