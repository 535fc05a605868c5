"""The executors that run now, each in a process of its own: what they say, how they end, and ending them."""

import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tfx.proto.orchestration import execution_result_pb2

from models.errors import InputError, Preempted
from pipeline.environment import SIDE_BY_SIDE
from pipeline.running.executor_host import Ended, ExecutorHost
from pipeline.running.executor_process import Begun, Done, Failed, Job, Said, Stopped

STOPPED = "stopped by SIGTERM; finished components are kept, run the same command to go on"


class ExecutorFailedError(RuntimeError):
    """An executor's exception, which was raised in another process; its text is that one's.

    Attributes:
        line: for people.
    """

    def __init__(self, line: str, message: str = ""):
        super().__init__(message or line)
        self.line = line


@dataclass(frozen=True)
class Place:
    """Where an executor runs.

    Attributes:
        variables: of the environment that it has beside this process's.
        log: its file.
        direct: whether it prints where this process does, with bars on a terminal; else its lines go to
            `show`.
        show: takes a line for people.
        tell: takes a record of its log that is worth showing for a moment.
    """

    variables: Mapping[str, str]
    log: Path
    direct: bool
    show: Callable[[str], None]
    tell: Callable[[str], None]


class Executors:
    """All of a run. `run` may be called in several threads at a time.

    Attributes:
        asked: whether they have been asked to end.
    """

    def __init__(self, host: ExecutorHost):
        self._host, self._pids = host, set[int]()
        self._lock = threading.RLock()  # a signal's handler calls `stop` in whatever the main thread does
        self.asked = False

    def run(
        self, spec: Any, execution: Any, place: Place
    ) -> tuple[execution_result_pb2.ExecutorOutput, Ended]:
        """Runs TFX's executor of an ExecutableSpec on an ExecutionInfo.

        Raises:
            InputError, Preempted: the executor's; Preempted also where it was asked to end.
            ExecutorFailedError: another exception of the executor's, or its process was killed.
        """
        if self.asked:
            raise Preempted(STOPPED)
        with _output(place) as (stdout, lines), tempfile.TemporaryDirectory(prefix="vgg-") as folder:
            variables = {**os.environ, **place.variables, "TMPDIR": folder}
            job = Job(spec, execution, variables, place.log)
            talk, ending = self._host.start(_module(spec), stdout)
            with talk, ending:
                with contextlib.suppress(BrokenPipeError):
                    talk.send(job)
                last, ended = self._until_it_ends(talk, ending, lines, place)
        return _output_of(last, ended, asked=self.asked), ended

    def stop(self) -> None:
        """Asks them to end: a training ends after the step in hand with a checkpoint, all else at once."""
        with self._lock:
            self.asked = True
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends them."""
        with self._lock:
            self.asked = True
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _until_it_ends(
        self, talk: Connection, ending: Connection, lines: "_Lines | None", place: Place
    ) -> tuple[Any, Ended]:
        pid, last, ended = 0, None, None
        sources = [talk, ending, *([lines] if lines else [])]
        try:
            while ended is None:
                for source in wait(sources):
                    if source is talk:
                        message = _received(talk)
                        if isinstance(message, Begun):
                            pid = message.pid
                            self._began(pid)
                        elif isinstance(message, Said):
                            place.tell(message.message)
                        elif message is None:
                            sources.remove(talk)
                        else:
                            last = message
                    elif source is ending:
                        ended = _received(ending) or Ended(-signal.SIGKILL, 0.0, 0)
                    elif not lines.read():
                        sources.remove(lines)
        finally:
            with self._lock:
                self._pids.discard(pid)
            if lines:
                lines.close()
        while talk in sources and talk.poll() and (message := _received(talk)):
            last = message
        return last, ended

    def _began(self, pid: int) -> None:
        with self._lock:
            self._pids.add(pid)
            if self.asked:
                os.kill(pid, signal.SIGTERM)


class _Lines:
    """The reading end of a pipe that a process prints to."""

    def __init__(self, end: int, show: Callable[[str], None]):
        self._end, self._show, self._rest = end, show, b""
        os.set_blocking(end, False)

    def fileno(self) -> int:
        """For multiprocessing.connection.wait."""
        return self._end

    def read(self) -> bool:
        """Shows what is there, as far as lines are whole; False at the end."""
        try:
            read = os.read(self._end, 65536)
        except BlockingIOError:
            return True
        *whole, self._rest = (self._rest + read).split(b"\n")
        for line in whole:
            self._show(line.decode(errors="replace"))
        return bool(read)

    def close(self) -> None:
        """Shows the rest too: what is in the pipe, which a process that another has started may hold open."""
        with contextlib.suppress(BlockingIOError):
            while read := os.read(self._end, 65536):
                self._rest += read
        for line in self._rest.splitlines():
            self._show(line.decode(errors="replace"))
        os.close(self._end)


@contextlib.contextmanager
def _output(place: Place) -> Iterator[tuple[int, _Lines | None]]:
    """What a process is given to print to."""
    if place.direct:
        sys.stdout.flush()
        yield _stdout(), None
        return
    end, theirs = os.pipe()
    try:
        yield theirs, _Lines(end, place.show)
    finally:
        os.close(theirs)


def _stdout() -> int:
    try:
        return sys.stdout.fileno()
    except (OSError, ValueError):  # not a file's
        return 1


def _received(connection: Connection) -> Any:
    """A message, or None at their end."""
    try:
        return connection.recv()
    except (EOFError, ConnectionResetError):
        return None


def _module(spec: Any) -> str:
    """Where the executor's class is."""
    return getattr(spec, "python_executor_spec", spec).class_path.rpartition(".")[0]


def _output_of(last: Any, ended: Ended, *, asked: bool) -> execution_result_pb2.ExecutorOutput:
    if isinstance(last, Done):
        return execution_result_pb2.ExecutorOutput.FromString(last.output)
    if isinstance(last, Failed):
        if last.refused:
            raise InputError(last.message)
        if last.preempted:
            raise Preempted(last.message)
        raise ExecutorFailedError(last.line, last.message)
    if isinstance(last, Stopped) or asked:
        raise Preempted(STOPPED)
    raise ExecutorFailedError(_line_of(ended))


def _line_of(ended: Ended) -> str:
    if ended.status >= 0:
        return f"its process ended with status {ended.status} and no result"
    name = signal.Signals(-ended.status).name
    if ended.status != -signal.SIGKILL:
        return f"its process was ended by {name}"
    return (
        f"its process was ended by {name}, when it held {ended.memory / 2**30:.1f} GiB; the system does so "
        f"where memory runs out: close other programs, or set {SIDE_BY_SIDE}=1"
    )
