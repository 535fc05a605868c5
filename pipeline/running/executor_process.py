"""What a process does that runs one executor: its own signals and log, the executor, and how it ended."""

import ctypes
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tfx.orchestration.portable import launcher

from models.errors import Preempted
from pipeline.exit_status import named
from pipeline.running.beam_batches import bound_batches
from pipeline.running.refusals import refusal_of
from pipeline.running.run_log import logging_to

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Job:
    """What is to run.

    Attributes:
        spec: TFX's ExecutableSpec of the executor.
        execution: TFX's ExecutionInfo.
        variables: the environment's; TMPDIR is its own.
        log: file of everything that it and its libraries say.
    """

    spec: Any
    execution: Any
    variables: Mapping[str, str]
    log: Path


@dataclass(frozen=True)
class Begun:
    """The first that is heard of a process."""

    pid: int


@dataclass(frozen=True)
class Said:
    """A record of its log."""

    message: str


@dataclass(frozen=True)
class Done:
    """The executor's ExecutorOutput, serialized."""

    output: bytes


@dataclass(frozen=True)
class Failed:
    """Its exception.

    Attributes:
        refused, preempted: whether it is an InputError (refusals.refusal_of), or a Preempted.
        line: for people, pipeline.exit_status.named's.
        message: all of it.
    """

    refused: bool
    preempted: bool
    line: str
    message: str


@dataclass(frozen=True)
class Stopped:
    """SIGTERM came where nothing else waited for it."""


class _Stop(BaseException):
    """SIGTERM, as an exception so that what is open is closed."""


class _Teller(logging.Handler):
    """Passes on what ComponentLines shows of a log's records."""

    def __init__(self, talk: Connection, shown: str):
        super().__init__(logging.INFO)
        self._talk, self._shown = talk, shown

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == self._shown:
            self._talk.send(Said(record.getMessage()))


SHOWN = "Scored %d images"  # components/evaluation/scoring_on_beam.py


def run_executor(talk: Connection, stdout: int) -> None:
    """Receives a Job, runs it, sends Begun, Said, and at last Done, Failed or Stopped. Does not return."""
    try:
        signal.signal(signal.SIGTERM, _stop)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        dies_with_parent()
        os.setpgrp()  # Ctrl-C is the run's process's to pass on
        os.dup2(stdout, 1)
        os.close(stdout)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        talk.send(Begun(os.getpid()))
        job: Job = talk.recv()
        os.environ.clear()
        os.environ.update(job.variables)
        tempfile.tempdir = None  # asked for anew: of TMPDIR, which the run's process removes
        with logging_to(job.log, _Teller(talk, SHOWN)):
            end = _end_of(job)
        sys.stdout.flush()
    except _Stop:
        end = Stopped()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    talk.send(end)
    # Not by way of Python's end: what is registered for that is the run's process's, such as its temporary
    # folders.
    os._exit(0)


def _end_of(job: Job) -> Done | Failed:
    try:
        bound_batches()
        operator = launcher.DEFAULT_EXECUTOR_OPERATORS[type(job.spec)](executor_spec=job.spec)
        return Done(operator.run_executor(job.execution).SerializeToString())
    except _Stop:
        raise
    except BaseException as error:
        logging.exception("The executor failed")
        refusal = refusal_of(error)
        return Failed(
            refused=refusal is not None,
            preempted=isinstance(error, Preempted),
            line=named(error),
            message=refusal or str(error),
        )


def _stop(*_) -> None:
    raise _Stop


def dies_with_parent() -> None:
    """Has the system end this process when the one that forked it ends, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
