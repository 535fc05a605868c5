"""A machine that runs no pipeline: it takes part in the trainings that the chief announces."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from components.training.machines.beacon import Beacon, Sight
from components.training.machines.chief import POLL_SECONDS, beacon_path
from components.training.machines.child import Child, Ending
from components.training.machines.cluster import Cluster
from components.training.preemption import Preemption


@dataclass(frozen=True)
class RunEnd:
    """How the chief's run ended, for this machine.

    Attributes:
        status: the chief's exit status, or 75 where SIGTERM came here; None where the chief was lost.
        message: one line, "" where there is nothing to say.
    """

    status: int | None
    message: str = ""


class Follower:
    """One machine's part in one run of the chief."""

    def __init__(
        self,
        cluster: Cluster,
        folder: str,
        say: Callable[[str], None],
        start: Callable[[Cluster, Mapping[str, Any]], Child] = Child,
    ):
        """`folder` is one that all machines share; `say` shows a line to people."""
        self._cluster, self._folder, self._say, self._start = cluster, folder, say, start
        self._beacon = Beacon(beacon_path(folder, cluster.index))
        self._chief = Sight(beacon_path(folder, 0))
        self._life, self._run, self._number = uuid.uuid4().hex, "", 0
        self._child: Child | None = None

    def follow(self) -> RunEnd:
        """Takes part until the chief's run ends, is lost for cluster.patience, or SIGTERM comes.

        Raises:
            InputError: the folder cannot be written.
        """
        self._wait()
        with self._beacon, Preemption() as stop:
            asked = False
            try:
                while True:
                    if ended := self._listen():
                        return ended
                    if stop.asked and self._child and not asked:
                        self._child.terminate()
                        asked = True
                    self._look_after_child()
                    if stop.asked and not self._child:
                        return RunEnd(
                            Ending.PREEMPTED.value, "stopped by SIGTERM; run the same command to go on"
                        )
            finally:
                self._drop()

    def _listen(self) -> RunEnd | None:
        """Does what the chief says."""
        words = self._chief.look()
        if self._chief.silent_seconds > self._cluster.patience:
            return RunEnd(
                None,
                f"{self._cluster.name(0)}, the chief: no sign of life in {self._folder} for "
                f"{self._chief.silent_seconds:.0f} s; start its command again, and this one",
            )
        if not words:
            return None
        if words["run"] != self._run:
            self._drop()
            self._run, self._number = words["run"], 0
            self._wait()
        if words["ended"] is not None:
            return RunEnd(words["ended"], words["message"])
        attempt = words["attempt"]
        if not attempt or attempt["number"] != self._number:
            if self._number:
                self._drop()
                self._number = 0
                self._wait()
            elif attempt and self._life in attempt["lives"]:
                self._begin(attempt)
        return None

    def _begin(self, attempt: Mapping[str, Any]) -> None:
        self._number = attempt["number"]
        self._say(f"  {attempt['node']}: training begins or goes on")
        self._child = self._start(self._cluster, attempt["arguments"])
        self._beacon.say(state="training", number=self._number)

    def _look_after_child(self) -> None:
        """Waits a moment; tells the chief if the training here has ended."""
        if end := (self._child.wait(POLL_SECONDS) if self._child else _pause()):
            self._child = None
            self._beacon.say(state="ended", ending=end.ending.name, message=end.message)

    def _wait(self) -> None:
        words = {"run": self._run, "life": self._life, "number": 0, "ending": "", "message": ""}
        self._beacon.say(state="waiting", **words)

    def _drop(self) -> None:
        if self._child:
            self._child.kill()
            self._child = None


def _pause() -> None:
    time.sleep(POLL_SECONDS)
