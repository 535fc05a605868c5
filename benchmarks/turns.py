"""Contenders in processes of their own that take turns, a step at a time, as one of them is told to.

A net and its optimiser's state stay in memory between the steps, so that a round takes as long as its steps
and not as long as TensorFlow's start; and memory is each process's own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from types import TracebackType

import click

from benchmarks.rounds import Sample

GO = "go "


class Turns:
    """The process's side: `begin` waits for its turn, `end` reports it. Standard output is the wire."""

    def __init__(self, gib: Callable[[], float] | None = None):
        self._gib = gib or resident_gib
        self._wire, sys.stdout = sys.stdout, sys.stderr  # what else is printed does not go onto the wire
        self._began = (0.0, 0.0)

    def begin(self) -> str:
        """What is to be done; ends the process where nobody asks for another step."""
        line = sys.stdin.readline()
        if not line.startswith(GO):
            sys.exit(0)
        self._began = time.perf_counter(), time.process_time()
        return line.removeprefix(GO).rstrip("\n")

    def end(self, **more: float) -> None:
        """Reports the time since `begin`, and `more`."""
        wall, processor = time.perf_counter(), time.process_time()
        taken = {"seconds": wall - self._began[0], "processor": processor - self._began[1]}
        print(json.dumps({**taken, "gib": self._gib(), **more}), file=self._wire, flush=True)


class Contender:
    """The other side. A context: the process ends with it.

    Attributes:
        more: what else than a sample each turn reported.
    """

    def __init__(self, name: str, module: str, *arguments: str):
        self.name = name
        self.more: list[dict[str, float]] = []
        # A pipe that nobody reads would stop the process.
        self._printed = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._printed,
            text=True,
        )

    def __enter__(self) -> "Contender":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._printed.close()

    def step(self, count: float = 1.0, what: str = "") -> Sample:
        """One turn, of doing `what`.

        Raises:
            click.ClickException: the process ended; with the end of what it printed.
        """
        try:
            self._process.stdin.write(f"{GO}{what}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the next line says why
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            self._printed.seek(0)
            raise click.ClickException(f"{self.name}: status {status}: {self._printed.read()[-2000:]}")
        taken = json.loads(line)
        sample = Sample(taken.pop("seconds"), taken.pop("processor"), count, taken.pop("gib"))
        self.more.append(taken)
        return sample


def resident_gib() -> float:
    """This process's peak."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
