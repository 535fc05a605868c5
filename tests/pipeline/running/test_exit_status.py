"""What each way to end looks like from the shell: one line and a status."""

import pytest

from models.errors import InputError, Preempted
from pipeline.exit_status import ComponentError, exit_status, named


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ComponentError("Trainer failed"), 1),
        (InputError("data folder x"), 2),
        (Preempted("stopped by SIGTERM"), 75),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_is_one_line_and_a_status(error, status, capsys):
    def command():
        raise error

    assert exit_status(command) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("vgg: ")
    assert str(error) in line


def test_the_commands_own_status_is_kept():
    assert exit_status(lambda: 3) == 3


def test_a_fault_of_our_own_keeps_its_traceback():
    def command():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exit_status(command)


def test_messages_that_hold_a_photograph_are_cut():
    """Beam's answer to a damaged TFRecord is the record, 15 kB in hexadecimal digits."""
    line = named(ValueError("Not a valid TFRecord. " + "0af3" * 10_000 + "\nand more"))
    assert line.startswith("ValueError: Not a valid TFRecord. 0af3")
    assert line.endswith("...")
    assert len(line) < 330


def test_the_first_line_that_says_something_is_shown():
    assert named(RuntimeError("\n  one\ntwo")) == "RuntimeError: one"
    assert named(RuntimeError()) == "RuntimeError: no message"
