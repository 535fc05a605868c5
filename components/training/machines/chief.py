"""The machine that runs the pipeline: it has the others join each training, and tries again after a loss.

A training is announced in its beacon once all the others are there, and again, with the next number, when
one of them was lost: it goes on from the newest checkpoint.
"""

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from components.training.machines.beacon import Beacon, Sight
from components.training.machines.child import Child, End, Ending
from components.training.machines.cluster import Cluster
from components.training.preemption import Preemption
from models.errors import InputError, Preempted

POLL_SECONDS = 0.25
GRACE_SECONDS = 10.0
"""After a loss: what the processes that are left need to notice it themselves."""
MOST_LOSSES = 3
"""One after the other, without a new checkpoint between them."""


class WorkerLostError(RuntimeError):
    """Another machine is not there, or was lost again and again; the message is one line."""


def beacon_path(folder: str, index: int) -> str:
    """Of one machine, in the folder that all share."""
    return os.path.join(folder, f"worker-{index}.json")


class Chief:
    """Context manager around a whole run of the pipeline, in which `train` may be called for each Trainer."""

    def __init__(
        self,
        cluster: Cluster,
        folder: str,
        say: Callable[[str], None],
        start: Callable[[Cluster, Mapping[str, Any]], Child] = Child,
    ):
        """`folder` is one that all machines share; `say` shows a line to people."""
        self._cluster, self._folder, self._say, self._start = cluster, folder, say, start
        self._beacon = Beacon(beacon_path(folder, 0))
        self._run, self._number = uuid.uuid4().hex, 0
        self._others = range(1, len(cluster.addresses))

    def __enter__(self) -> "Chief":
        self._beacon.say(run=self._run, attempt=None, ended=None, message="")
        self._beacon.__enter__()
        return self

    def __exit__(self, *_) -> None:
        self._beacon.__exit__()

    def end(self, status: int, message: str) -> None:
        """Tells the others that the run is over, which end with the same status."""
        self._beacon.say(attempt=None, ended=status, message=message)

    def train(self, node: str, arguments: Mapping[str, Any], newest_checkpoint: Callable[[], str]) -> None:
        """One training on all machines: `arguments` are those of trainer.run_fn, by name.

        Raises:
            InputError: the training cannot be done as it is, here or on another machine.
            Preempted: SIGTERM came to one of them; there is a checkpoint.
            WorkerLostError: another machine was not there for cluster.patience, or one was lost too often.
            RuntimeError: the training failed.
        """
        losses, before = 0, newest_checkpoint()
        with Preemption() as stop:
            while True:
                lives = self._wait_for_all(stop)
                self._number += 1
                attempt = {"number": self._number, "node": node, "arguments": dict(arguments), "lives": lives}
                self._beacon.say(attempt=attempt)
                try:
                    end = self._attempt(arguments, lives, stop)
                finally:
                    self._beacon.say(attempt=None)
                if end.ending is Ending.TRAINED:
                    return
                _raise_unless_lost(end, stop)
                newest = newest_checkpoint()
                losses, before = (1 if newest != before else losses + 1), newest
                if losses >= MOST_LOSSES:
                    raise WorkerLostError(f"{end.message}; {losses} times without a new checkpoint")
                self._say(f"  {node}: {end.message}; going on with all workers from the newest checkpoint")

    def _wait_for_all(self, stop: Preemption) -> list[str]:
        """Until each of the others is seen alive and has nothing to do; their lives, by index less one."""
        sights = {index: Sight(beacon_path(self._folder, index)) for index in self._others}
        lives: dict[int, str] = {}
        begun, told = time.monotonic(), False
        while len(lives) < len(sights):
            if stop.asked:
                raise Preempted("stopped by SIGTERM before a training; run the same command to go on")
            for index, sight in sights.items():
                seen = sight.look()
                if seen and seen["run"] == self._run and seen["state"] == "waiting":
                    lives[index] = seen["life"]
            missing = [self._cluster.name(index) for index in sights if index not in lives]
            waited = time.monotonic() - begun
            if missing and waited > self._cluster.patience:
                raise WorkerLostError(
                    f"{', '.join(missing)}: no sign of life in {self._folder} for {waited:.0f} s; start the "
                    "same command there, with that --worker and the same home folder"
                )
            if missing and waited > GRACE_SECONDS and not told:
                self._say(f"  waiting for {', '.join(missing)}")
                told = True
            time.sleep(POLL_SECONDS if missing else 0)
        return [lives[index] for index in self._others]

    def _attempt(self, arguments: Mapping[str, Any], lives: list[str], stop: Preemption) -> End:
        sights = {index: Sight(beacon_path(self._folder, index)) for index in self._others}
        child = self._start(self._cluster, arguments)
        asked, lost, since = False, None, 0.0
        try:
            while True:
                if end := child.wait(POLL_SECONDS):
                    return self._with_others_reasons(end, sights, lives)
                if stop.asked and not asked:
                    child.terminate()
                    asked = True
                if lost is None and (lost := self._trouble(sights, lives)):
                    since = time.monotonic()
                if lost and time.monotonic() - since > GRACE_SECONDS:
                    child.kill()
                    return lost
        except BaseException:
            child.kill()
            raise

    def _with_others_reasons(self, end: End, sights: Mapping[int, Sight], lives: list[str]) -> End:
        """Of a training that broke off here, the end on the machine where that began, if it tells."""
        deadline = time.monotonic() + GRACE_SECONDS
        while end.ending is Ending.LOST and time.monotonic() < deadline:
            if trouble := self._trouble(sights, lives):
                return trouble
            time.sleep(POLL_SECONDS)
        return end

    def _trouble(self, sights: Mapping[int, Sight], lives: list[str]) -> End | None:
        """Why this attempt cannot go on, as another machine tells."""
        for index, sight in sights.items():
            name, seen = self._cluster.name(index), sight.look()
            if sight.silent_seconds > self._cluster.patience:
                return End(Ending.LOST, f"{name}: no sign of life for {sight.silent_seconds:.0f} s")
            if seen and seen["life"] != lives[index - 1]:
                return End(Ending.LOST, f"{name} was started anew")
            ended = (
                seen
                and seen["run"] == self._run
                and seen["number"] == self._number
                and seen["state"] == "ended"
            )
            if ended and Ending[seen["ending"]] is not Ending.TRAINED:
                return End(Ending[seen["ending"]], f"{name}: {seen['message']}")
        return None


def _raise_unless_lost(end: End, stop: Preemption) -> None:
    if end.ending is Ending.REFUSED:
        raise InputError(end.message)
    if end.ending is Ending.PREEMPTED or (end.ending is Ending.LOST and stop.asked):
        raise Preempted(end.message)
    if end.ending is Ending.FAILED:
        raise RuntimeError(end.message)


_here: Chief | None = None


@contextlib.contextmanager
def leading(chief: Chief) -> Iterator[None]:
    """While it is open, this process's Trainers train by way of `chief`."""
    global _here
    _here = chief
    try:
        yield
    finally:
        _here = None


def chief_here() -> Chief | None:
    """The one by way of which this process's Trainers train; None where they train by themselves."""
    return _here
