"""`vgg predict` where there is no answer to be had: one line, an exit status, and no waiting."""

import signal
import socket
import subprocess
import sys

import pytest
from helpers.pipeline.predict_calls import run

from pipeline.prediction.photographs import find_photographs


@pytest.fixture
def photographs(tmp_path):
    """A folder of one file; nobody looks into it."""
    (tmp_path / "b.jpg").write_bytes(b"a photograph")
    return tmp_path


def test_a_server_that_is_not_there_is_one_line_and_status_1(photographs, capsys):
    for more in ([], ["--rest"]):
        status, out, err = run([photographs, "--server", "127.0.0.1:1", *more], capsys)
        assert (status, out) == (1, "")
        (line,) = err.splitlines()
        assert line.startswith("vgg: server 127.0.0.1:1: does not answer (")


@pytest.fixture
def silent():
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(120)
        yield listening


@pytest.fixture
def silent_address(silent):
    """HOST:PORT of `silent`."""
    return f"127.0.0.1:{silent.getsockname()[1]}"


@pytest.mark.parametrize("more", [[], ["--rest"]])
def test_a_server_that_is_too_slow_is_one_line(photographs, capsys, silent_address, more):
    options = [photographs / "b.jpg", "--server", silent_address, "--timeout", "0.5", *more]
    status, _, err = run(options, capsys)
    assert status == 1
    assert len(err.splitlines()) == 1
    assert "--timeout" in err


@pytest.mark.parametrize("more", [[], ["--rest"]])
def test_an_interrupted_command_does_not_wait_for_the_server(photographs, silent, silent_address, more):
    arguments = ["predict", str(photographs), "--server", silent_address, "--timeout", "900", *more]
    # A shell's background job ignores SIGINT, and so would what it starts.
    listens = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{listens}; from pipeline.commands.vgg import main; main({arguments})"
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    with silent.accept()[0] as connection:
        assert connection.recv(1), "it has sent nothing"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120) == (None, "vgg: interrupted\n")
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rest"], ["--rest", "--server HOST:PORT"]),
        (["--server", "http://127.0.0.1:8501"], ["HOST:PORT"]),
        (["--server", "127.0.0.1"], ["HOST:PORT"]),
        (["--server", "a:1", "--model", "m"], ["--model m", "--model-name"]),
        (["--server", "a:1", "--token-file", "/nowhere"], ["--token-file /nowhere", "No such file"]),
        (["--server", "a:1", "--tls-ca", "/nowhere"], ["--tls-ca /nowhere", "No such file"]),
        (["--model", "/nowhere"], ["/nowhere", "no pushed version", "--server"]),
    ],
)
def test_options_that_do_not_fit_are_one_line(photographs, capsys, options, words):
    status, out, err = run([photographs, *options], capsys)
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("vgg: ")
    assert all(word in line for word in words), line


def test_names_are_printed_on_one_line(tmp_path):
    (tmp_path / "a\nb\x1b.jpg").touch()
    (photograph,) = find_photographs([str(tmp_path)])
    assert photograph.name == f"{tmp_path}/a�b�.jpg"


def test_the_command_starts_without_tensorflow(tmp_path):
    """It takes longer to import than a server needs for an answer."""
    program = (
        "import sys; from pipeline.commands.vgg import main\n"
        f"try: main(['predict', {str(tmp_path / 'none.jpg')!r}, '--server', '127.0.0.1:1'])\n"
        "except SystemExit as ended: print(ended.code, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["2", "False"], done.stderr
