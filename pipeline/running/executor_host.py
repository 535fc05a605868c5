"""The process that executors' processes are forked from, so that none of them imports anything anew.

It is itself a fork of the run's process, made when that has imported everything and has begun neither
TensorFlow's runtime nor a thread: neither outlives a fork. Nothing is imported twice, an executor's process
is there in milliseconds, and its memory is the system's again when it ends.
"""

import atexit
import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe

from pipeline.running.executor_process import dies_with_parent, run_executor

MODULE = "pipeline.running.executor_host"
FDS = 3  # the two ends that a process talks by, and its standard output


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it took, its children's included.

    Attributes:
        status: as os.waitstatus_to_exitcode has it, negative for a signal.
        processor: seconds, user's and system's.
        memory: the most that one process held, bytes.
    """

    status: int
    processor: float
    memory: int


class ExecutorHost:
    """The other process, which ends with this one, or when `close` is called."""

    def __init__(self, *, anew: bool = False):
        """`anew`: as a process that imports everything again, and not as a fork of this one."""
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        atexit.register(self._control.close)  # Python 3.13 warns on the terminal of one that is left open
        sys.stdout.flush()
        sys.stderr.flush()
        with theirs, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3.12 sees BLAS's threads
            if anew or _has_begun():
                command = [sys.executable, "-m", MODULE, str(theirs.fileno())]
                quiet = {"stderr": subprocess.DEVNULL, "pass_fds": [theirs.fileno()]}
                self._pid = subprocess.Popen(command, **quiet).pid
            else:
                self._pid = os.fork()
                if self._pid == 0:
                    _serve_and_exit(theirs, self._control)

    def start(self, module: str, stdout: int) -> tuple[Connection, Connection]:
        """Forks a process that is to run an executor of `module`, and prints to `stdout`.

        Returns:
            a connection to it (pipeline.running.executor_process), and one that an Ended comes from.
        """
        talk, theirs = Pipe()
        ending, told = Pipe(duplex=False)
        with theirs, told, self._lock:
            socket.send_fds(self._control, [module.encode()], [theirs.fileno(), told.fileno(), stdout])
        return talk, ending

    def close(self) -> None:
        """Ends it, and all that it has forked."""
        self._control.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


_here: list[tuple[int, ExecutorHost]] = []


def executor_host(*, anew: bool = False) -> ExecutorHost:
    """This process's, made as ExecutorHost says when it is first asked for: later, a fork may not be safe."""
    if not _here or _here[0][0] != os.getpid():
        _here[:] = [(os.getpid(), ExecutorHost(anew=anew))]
    return _here[0][1]


def _has_begun() -> bool:
    """Whether this process runs what does not outlive a fork. BLAS's and Arrow's threads look after
    themselves."""
    from tensorflow.python.eager import context  # tf has no public word for this

    return threading.active_count() > 1 or context.context_safe() is not None


def _serve_and_exit(control: socket.socket, other_end: socket.socket | None = None) -> None:
    """Of the forked process, which must never return to what the other one was doing."""
    status = 1
    try:
        if other_end is not None:
            other_end.close()
        dies_with_parent()
        with open(os.devnull, "r+b", buffering=0) as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(nothing.fileno(), 2)  # each executor's process has its log
        warnings.simplefilter("ignore")
        gc.freeze()  # else the collector writes to each page that the forks share
        _serve(control)
        status = 0
    finally:
        os._exit(status)


def _serve(control: socket.socket) -> None:
    """Forks a process for each message, and tells of its end; until there is nobody to ask for more."""
    wakes, woken = socket.socketpair()
    for end in (wakes, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    for asked in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked, signal.SIG_IGN)  # the run's process decides
    told: dict[int, Connection] = {}
    with selectors.DefaultSelector() as selector:
        for end in (control, woken):
            selector.register(end, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is woken:
                    woken.recv(4096)
                    _tell_of_ends(told)
                elif not _fork_one(control, told):
                    return


def _fork_one(control: socket.socket, told: dict[int, Connection]) -> bool:
    """False at the end of the messages."""
    module, fds, _, _ = socket.recv_fds(control, 4096, FDS)
    if not module:
        return False
    with contextlib.suppress(ImportError):  # the executor's process says it better
        importlib.import_module(module.decode())  # once for all later ones
    talk, ending, stdout = fds
    pid = os.fork()
    if pid == 0:
        try:
            control.close()
            os.close(ending)
            for other in told.values():
                other.close()
            run_executor(Connection(talk), stdout)
        finally:
            os._exit(1)
    told[pid] = Connection(ending, readable=False)
    os.close(talk)
    os.close(stdout)
    return True


def _tell_of_ends(told: dict[int, Connection]) -> None:
    while told:
        pid, status, used = os.wait4(-1, os.WNOHANG)
        if not pid:
            return
        # What it has started itself, such as Beam's workers, is its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        ended = Ended(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)
        with told.pop(pid) as ending, contextlib.suppress(BrokenPipeError):
            ending.send(ended)


if __name__ == "__main__":
    from models.quiet_imports import quiet_imports

    with quiet_imports():
        import pipeline.pipeline  # noqa: F401
        from pipeline.running import executor_host as module

    module._serve_and_exit(socket.socket(fileno=int(sys.argv[1])))
