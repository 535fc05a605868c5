"""The `tfx` command. pipeline/commands/tfx_entry.py is replaced by a stand-in, which prints and exits."""

import importlib
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline.commands import tfx_command

TFX = Path(sys.executable).with_name("tfx")


# The command with another ENTRY, in a process of its own, because a run replaces its process.
STAND_IN = """
import pathlib, sys
from pipeline.commands import tfx_command
tfx_command.ENTRY = pathlib.Path(sys.argv[1])
sys.argv = ["tfx", *sys.argv[2:]]
sys.exit(tfx_command.main())
"""


RUN = ["run", "create", "--pipeline", "vgg"]


@pytest.fixture
def known(tmp_path: Path) -> dict[str, str]:
    """What TFX should know of the pipeline."""
    return {
        "pipeline_name": "vgg",
        "pipeline_root": str(tmp_path / "vgg" / "pipeline"),
        "pipeline_dsl_path": str(tmp_path / "entry.py"),
    }


@pytest.fixture
def start(tmp_path: Path, variables: dict[str, str]):
    """Starts the command: start([arguments], what the stand-in entry does)."""

    def start(arguments: list[str], entry: str = "print('ran', sys.argv[1:])") -> subprocess.Popen:
        (tmp_path / "entry.py").write_text("import signal, sys, time\n" + textwrap.dedent(entry))
        command = [sys.executable, "-c", STAND_IN, str(tmp_path / "entry.py"), *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=variables,
            stdout=pipe,
            stderr=pipe,
            text=True,
            # A shell's background job, as these tests may run in, starts with SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.fixture
def tfx(start):
    """Runs the command to its end: (exit status, standard output, standard error)."""

    def tfx(*arguments: str, **options: str) -> tuple[int, str, str]:
        process = start(list(arguments), **options)
        out, err = process.communicate(timeout=300)
        return process.returncode, out, err

    return tfx


def test_the_installed_command_is_ours():
    """TFX installs a `tfx` too: the project has to be installed after it."""
    assert "pipeline.commands.tfx_command" in TFX.read_text()


@pytest.mark.parametrize("option", ["--pipeline", "--pipeline_name", "--pipeline-name"])
@pytest.mark.parametrize("engine", [[], ["--engine", "local"]])
def test_a_run_needs_no_earlier_command(tfx, registration, known, option, engine):
    assert tfx("run", "create", option, "vgg", *engine) == (
        0,
        "CLI\nCreating a run for pipeline: vgg\nran []\n",
        "",
    )
    assert json.loads(registration.read_text()) == known


@pytest.mark.parametrize(
    "stale",
    [
        "",
        "not JSON",
        '{"pipeline_name": "vgg", "pipeline_root": "/r", "pipeline_dsl_path": "/gone.py"}',
    ],
)
def test_a_stale_registration_is_replaced(tfx, registration, known, stale):
    registration.parent.mkdir(parents=True)
    registration.write_text(stale)
    assert tfx(*RUN)[0] == 0
    assert json.loads(registration.read_text()) == known
    assert os.listdir(registration.parent) == [registration.name]


def test_a_good_registration_is_left_alone(tfx, registration, known):
    registration.parent.mkdir(parents=True)
    registration.write_text(json.dumps(known, indent=1))
    before = registration.stat()
    assert tfx(*RUN)[0] == 0
    assert (registration.stat().st_ino, registration.stat().st_mtime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
    )


def test_its_names_are_those_of_tfx():
    labels = importlib.import_module("tfx.tools.cli.labels")
    ours = (tfx_command.NAME, tfx_command.ROOT, tfx_command.DSL_PATH, tfx_command.LOCAL_ENGINE)
    tfxs = (labels.PIPELINE_NAME, labels.PIPELINE_ROOT, labels.PIPELINE_DSL_PATH, labels.LOCAL_ENGINE)
    assert ours == tfxs


def test_the_registration_is_in_the_home_folder_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("LOCAL_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tfx_command.register()
    assert path == tmp_path / "tfx" / "local" / "vgg" / "pipeline_args.json"
    assert json.loads(path.read_text())["pipeline_dsl_path"] == str(
        Path(tfx_command.__file__).parent / "tfx_entry.py"
    )


def test_a_folder_that_cannot_be_written_is_one_line(tfx, tmp_path):
    (tmp_path / "local").write_text("a file")
    status, _, err = tfx(*RUN)
    assert status == 2
    assert err.startswith(f"tfx: cannot register the pipeline in {tmp_path / 'local'}: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("status", [2, 3, 130])
def test_the_exit_status_and_the_message_are_the_run_s(tfx, status):
    assert tfx(*RUN, entry=f"print('why', file=sys.stderr); sys.exit({status})")[::2] == (status, "why\n")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_run(start, sent):
    process = start(
        RUN,
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(99))
        try:
            print("started", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            sys.exit(130)
        """,
    )
    while process.stdout.readline() != "started\n":
        assert process.poll() is None
    process.send_signal(sent)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == ({signal.SIGINT: 130, signal.SIGTERM: 99}[sent], "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "create", "--help"],
        ["run", "create"],
        ["run", "create", "--pipeline"],
        ["run", "create", "--pipeline", "other"],
        ["run", "create", "--pipeline", "vgg", "--engine", "vertex"],
        ["run", "create", "--pipeline", "vgg", "--engine", "auto"],
        ["run", "list", "--pipeline_name", "vgg"],
        ["pipeline", "list", "--engine", "local"],
        [],
    ],
)
def test_everything_else_is_left_to_tfx(monkeypatch, arguments):
    class Group:
        def main(self, args: list[str]) -> list[str]:
            return args

    monkeypatch.setattr(tfx_command, "_tfx_group", Group)
    monkeypatch.setattr(tfx_command, "_run", lambda: pytest.fail("would become the run"))
    assert tfx_command.main(arguments) == arguments


@pytest.mark.slow
def test_tfx_itself_sees_the_registration(tfx, variables):
    assert tfx(*RUN)[0] == 0
    status, out, err = tfx("pipeline", "list", "--engine", "local")
    assert (status, out.splitlines()[2:], err) == (0, ["-" * 30, "vgg", "-" * 30], "")
