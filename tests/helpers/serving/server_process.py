"""`python -m serving.server` as a process of its own, whose memory can be measured."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

READY = re.compile(r"gRPC (127\.0\.0\.1:\d+); REST (http://127\.0\.0\.1:\d+)")


class ServerProcess:
    """Starts the server with `flags` on free ports and stops it with SIGTERM.

    Attributes:
        address: of gRPC.
        url: of REST.
        errors: what it wrote to standard error, less the lines for requests.
    """

    def __init__(self, base_path: Path, *flags: str):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "serving.server", "--model_base_path", str(base_path)]
            + ["--port", "-1", "--rest_api_port", "-1", "--no_log_requests", *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.errors: list[str] = []
        self._reader = threading.Thread(target=lambda: self.errors.extend(self._process.stderr))
        self._reader.start()
        match = READY.search(self._process.stdout.readline())
        assert match, "".join(self.errors)
        self.address, self.url = match.groups()

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(self, *_) -> None:
        self._process.terminate()
        try:
            self._process.wait(60)
        finally:
            self._process.kill()
            self._reader.join()
            self._process.stdout.close()
            self._process.stderr.close()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def memory(self) -> float:
        """Resident, MiB."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20
