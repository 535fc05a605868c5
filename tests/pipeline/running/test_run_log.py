"""The run's log file gets what libraries say, and all is put back."""

import logging
import os
import subprocess
import sys
import warnings
from contextlib import nullcontext

import pytest
from absl import logging as absl_logging

from models.quiet_imports import quiet_imports
from pipeline.running.run_log import logging_to


class _Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def _file_behind_stderr() -> tuple[int, int]:
    status = os.fstat(2)
    return status.st_dev, status.st_ino


@pytest.fixture(autouse=True)
def verbosity():
    before = absl_logging.get_verbosity()
    yield
    absl_logging.set_verbosity(before)


# In a process of its own: pytest keeps warnings to itself.
SAYS_EVERYTHING = """
import logging, os, pathlib, sys, warnings
from absl import logging as absl_logging
from pipeline.running.run_log import logging_to
with logging_to(pathlib.Path(sys.argv[1])):
    logging.getLogger("tfx.orchestration").info("from python's %s", "logging")
    absl_logging.info("from absl")
    warnings.warn("from warnings")
    print("from sys.stderr", file=sys.stderr)
    os.write(2, b"from C++\\n")
    os.system("echo from a child >&2")
    print("for people")
print("afterwards", file=sys.stderr)
os.write(2, b"from C++ afterwards\\n")
"""


def test_everything_that_is_said_is_in_the_file_and_nothing_said_later(tmp_path):
    path = tmp_path / "logs" / "run.log"
    command = [sys.executable, "-c", SAYS_EVERYTHING, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    said = path.read_text()
    assert "INFO tfx.orchestration: from python's logging" in said
    for text in ("from absl", "from warnings", "from sys.stderr", "from C++", "from a child"):
        assert said.count(text) == 1
    assert (done.stdout, done.stderr) == ("for people\n", "afterwards\nfrom C++ afterwards\n")
    assert "afterwards" not in said


def test_debug_messages_are_left_out(tmp_path):
    with logging_to(tmp_path / "log"):
        logging.getLogger("noisy").debug("details")
    assert (tmp_path / "log").read_text() == ""


def test_absl_is_as_quiet_afterwards_as_before(tmp_path):
    """Else the second of several experiments says on the terminal what TFX thinks of its components."""
    before = absl_logging.get_verbosity()
    with logging_to(tmp_path / "log"):
        assert absl_logging.get_verbosity() == absl_logging.INFO
    assert absl_logging.get_verbosity() == before != absl_logging.INFO


def test_further_handlers_get_the_records_too(tmp_path):
    kept = _Kept()
    with logging_to(tmp_path / "log", kept):
        logging.getLogger("a").info("once")
    logging.getLogger("a").warning("afterwards")
    assert kept.messages == ["once"]


def test_a_second_time_is_appended(tmp_path):
    for text in ("first", "second"):
        with logging_to(tmp_path / "log"):
            logging.getLogger().info(text)
    assert [line.split()[-1] for line in (tmp_path / "log").read_text().splitlines()] == ["first", "second"]


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_all_is_put_back_also_after_an_exception(tmp_path, capfd, error):
    root = logging.getLogger()
    own = _Kept()
    root.addHandler(own)
    try:
        before = root.handlers[:], root.level, warnings.filters[:], _file_behind_stderr(), sys.stderr
        open_files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
        with pytest.raises(error, match="out") if error else nullcontext(), logging_to(tmp_path / "log"):
            assert _file_behind_stderr() != before[3]
            root.warning("inside")
            if error:
                raise error("out")
        after = root.handlers[:], root.level, warnings.filters[:], _file_behind_stderr(), sys.stderr
        assert after == before
        assert (len(os.listdir("/proc/self/fd")) if open_files else 0) == open_files
        root.warning("outside")
        os.write(2, b"outside\n")
    finally:
        root.removeHandler(own)
    assert own.messages == ["outside"]
    assert "outside" in capfd.readouterr().err
    assert "outside" not in (tmp_path / "log").read_text()


def test_quiet_imports_drops_standard_error_and_warnings(capfd):
    with quiet_imports():
        os.write(2, b"CUDA is missing\n")
        warnings.warn("Python is old", stacklevel=1)
        print("kept")
    os.write(2, b"afterwards\n")
    assert capfd.readouterr() == ("kept\n", "afterwards\n")
