"""What is left to TFX: its own command, with our pipeline known to it."""

import json
import os
import sys
from pathlib import Path

import pytest

from models.quiet_imports import quiet_imports
from pipeline.commands import tfx_command

TFX = Path(sys.executable).with_name("tfx")
RUN = ["run", "create", "--pipeline", "vgg"]


@pytest.fixture
def in_process(monkeypatch, variables: dict[str, str]):
    """Runs the command here, to import TFX once for several tests, until it would become the run."""

    def execv(_: str, command: list[str]) -> None:
        raise SystemExit(f"becomes {command}")

    monkeypatch.setattr(os, "execv", execv)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def in_process(*arguments: str) -> str | int:
        with pytest.raises(SystemExit) as end:
            tfx_command.main(arguments)
        return end.value.code

    return in_process


@pytest.mark.slow
def test_an_unknown_pipeline_gets_tfx_s_own_answer(in_process, capsys):
    assert in_process("run", "create", "--pipeline", "other", "--engine", "local") == (
        'Pipeline "other" does not exist.'
    )
    assert capsys.readouterr().out == "CLI\nCreating a run for pipeline: other\n"


@pytest.mark.slow
def test_options_that_only_tfx_knows_go_with_our_pipeline(in_process, registration):
    assert in_process(*RUN, "--namespace", "n") == f"becomes {[sys.executable, str(tfx_command.ENTRY)]}"
    assert registration.exists()


@pytest.mark.slow
def test_mistakes_and_help_are_tfx_s_and_name_our_option(in_process, capsys):
    assert in_process("run", "create") == 2
    assert "Missing option '--pipeline_name' / '--pipeline-name' / '--pipeline'" in capsys.readouterr().err
    assert in_process("run", "create", "--help") == 0
    assert "--pipeline_name, --pipeline-name, --pipeline TEXT" in capsys.readouterr().out


@pytest.mark.slow
def test_the_registration_is_what_tfx_would_write(monkeypatch, tmp_path):
    with quiet_imports():
        from tfx.tools.cli.handler.local_handler import LocalHandler

    monkeypatch.setenv("LOCAL_HOME", str(tmp_path))
    ours = tfx_command.register()
    written = ours.read_bytes()
    handler = LocalHandler({"engine": "local", "pipeline_dsl_path": str(tfx_command.ENTRY)})
    root = json.loads(written)["pipeline_root"]
    handler._save_pipeline({"pipeline_name": "vgg", "pipeline_root": root})
    assert str(ours) == handler._get_pipeline_args_path("vgg")
    assert ours.read_bytes() == written
