"""The process that trains on one machine: MultiWorkerMirroredStrategy wants a fresh one."""

import contextlib
import enum
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.training.machines.cluster import TF_CONFIG, WORKER, WORKERS, Cluster

MODULE = "components.training.machines.one_worker"


class Ending(enum.Enum):
    """How a training's process ended; the values are its exit statuses.

    LOST: another machine's process was gone, or this one was killed. It may be tried again.
    """

    TRAINED = 0
    FAILED = 1
    REFUSED = 2
    PREEMPTED = 75
    LOST = 76


@dataclass(frozen=True)
class End:
    """How it ended, and one line about that, "" where there is nothing to say."""

    ending: Ending
    message: str = ""


class Child:
    """One training in a process of its own, which ends when this one does.

    Its input is a line of JSON and stays open. It writes its line about its end into a file.
    """

    def __init__(
        self,
        cluster: Cluster,
        arguments: Mapping[str, Any],
        command: Sequence[str] = (sys.executable, "-m", MODULE),
    ):
        """`arguments` are those of trainer.run_fn, by name."""
        self._folder = tempfile.TemporaryDirectory(prefix="vgg-worker-")
        self._said = os.path.join(self._folder.name, "end.txt")
        environment = {name: value for name, value in os.environ.items() if name not in (WORKERS, WORKER)}
        self._process = subprocess.Popen(
            [*command, self._said],
            stdin=subprocess.PIPE,
            env={**environment, TF_CONFIG: cluster.tf_config()},
            text=True,
        )
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(dict(arguments)) + "\n")
            self._process.stdin.flush()

    def wait(self, seconds: float) -> End | None:
        """How it ended, or None if it has not within so many seconds."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        message = ""
        with contextlib.suppress(OSError), open(self._said, encoding="utf-8") as file:
            message = file.read()
        self._close()
        if status < 0:
            return End(Ending.LOST, f"its training was ended by signal {-status}")
        known = {ending.value for ending in Ending}
        return End(Ending(status) if status in known else Ending.FAILED, message or f"status {status}")

    def terminate(self) -> None:
        """Asks for an end with a checkpoint (SIGTERM)."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._folder.cleanup()
