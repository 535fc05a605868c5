"""A real PostgreSQL, Debian's package, in a temporary folder and on a free port of loopback."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "vgg", "it's a \\ p@ss/word"
"""With what has a meaning in URLs and in libpq's text of a connection."""
ENCODED = "it%27s%20a%20%5C%20p%40ss%2Fword"


@dataclass(frozen=True)
class Server:
    """One that runs; its USER may make tables.

    Attributes:
        folder: of its socket, through which no password is asked for.
    """

    programs: Path
    folder: Path
    port: int

    def url(self, name: str, password: str = ENCODED) -> str:
        """Of a database, which need not be there."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str) -> str:
        """Makes an empty database; its URL."""
        words = [self.programs / "createdb", "-h", self.folder, "-p", str(self.port), "-U", USER, name]
        subprocess.run(words, check=True, capture_output=True, **_as_user())
        return self.url(name)


def why_not() -> str:
    """Why no server can be started here, "" where one can."""
    if _programs() is None:
        return "needs PostgreSQL (Debian's package postgresql)"
    if os.geteuid() == 0 and not _as_user():
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


@contextmanager
def running_server() -> Iterator[Server]:
    """Where why_not() is "" alone."""
    programs = _programs()
    with tempfile.TemporaryDirectory() as name:
        folder, log = Path(name), Path(name, "log")
        if _as_user():
            shutil.chown(folder, **_as_user())
        server = Server(programs, folder, _free_port())
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)  # the folder is its owner's alone
        words = ["-D", folder / "data", "-U", USER, "--pwfile", folder / "password", "--no-sync"]
        _run(programs / "initdb", *words, "--auth-local=trust", "--auth-host=scram-sha-256")
        settings = f"-c listen_addresses=127.0.0.1 -p {server.port} -k {folder} -c fsync=off"
        _run(programs / "pg_ctl", "start", "-w", "-D", folder / "data", "-l", log, "-o", settings)
        try:
            yield server
        finally:
            _run(programs / "pg_ctl", "stop", "-w", "-m", "immediate", "-D", folder / "data")


def _programs() -> Path | None:
    found = shutil.which("pg_ctl")
    if found:
        return Path(found).resolve().parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    return debian[-1].parent if debian else None


def _as_user() -> dict[str, str]:
    """For subprocess: PostgreSQL refuses to be root's."""
    try:
        return {"user": pwd.getpwnam("postgres").pw_name} if os.geteuid() == 0 else {}
    except KeyError:
        return {}


def _run(*words) -> None:
    # Not to pipes: the server inherits them, and would hold them open.
    with tempfile.TemporaryFile("w+") as said:
        ended = subprocess.run(
            list(map(str, words)), stdout=said, stderr=said, check=False, cwd="/", **_as_user()
        )
        said.seek(0)
        assert ended.returncode == 0, said.read()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
