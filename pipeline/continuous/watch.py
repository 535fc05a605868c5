"""`vgg watch` without --once: looks by a schedule, and has each new generation's run in a process of its own.

This process imports neither TensorFlow nor TFX and stays small, whatever a run takes; code that is installed
anew counts from the next run on.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from models.errors import InputError
from pipeline.continuous.look import look
from pipeline.continuous.record import Records
from pipeline.continuous.schedule import Schedule
from pipeline.environment import Environment
from pipeline.exit_status import BLESSED, INTERRUPTED, NOT_BLESSED, PREEMPTED

COMMAND = "from pipeline.commands.vgg import main; main()"
STOPPED = (PREEMPTED, INTERRUPTED)


class Watch:
    """Looks, runs, waits, until SIGTERM comes."""

    def __init__(
        self,
        schedule: Schedule,
        run: Callable[[], int],
        is_new: Callable[[], bool],
        say: Callable[[str], None],
    ):
        """`run` does a generation and returns an exit status; `is_new` looks whether there is one."""
        self._schedule, self._run, self._is_new, self._say = schedule, run, is_new, say
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ends it at the next look; may be called from a signal's handler."""
        self._stop.set()

    def loop(self) -> int:
        """Returns BLESSED where it was stopped between two runs, else the status of the stopped run."""
        said = ""
        while not self._stop.is_set():
            try:
                while not self._stop.is_set() and self._is_new():
                    said = ""
                    status = self._run()
                    if status in STOPPED:
                        return status
                    if status not in (BLESSED, NOT_BLESSED):
                        break  # and not at once again, where it could not even write down that it failed
            except InputError as error:  # a folder that is away for a while, and comes back
                if str(error) != said:
                    said = str(error)
                    self._say(said)
            self._stop.wait(self._schedule.wait(datetime.now()))
        return BLESSED


def watch(
    variables: Mapping[str, str],
    words: Sequence[str],
    experiment: str,
    schedule: Schedule,
    say: Callable[[str], None],
) -> int:
    """Runs `vgg watch --once WORDS` in the environment `variables` whenever a look finds a new generation.

    SIGTERM goes on to the run, which writes a checkpoint.

    Raises:
        InputError: the settings cannot be used, which a first look shows.
    """
    environment = Environment.from_variables(variables)
    records, notes = Records(environment.home), _Notes(say)
    children: list[subprocess.Popen] = []

    def is_new() -> bool:
        found = look(environment.data, experiment, records.read())
        notes.say(found.notes if found.generation is None else [])
        return found.generation is not None

    def run() -> int:
        child = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "watch", "--once", *words], env=dict(variables)
        )
        children.append(child)
        return child.wait()

    look(environment.data, experiment, records.read())
    watching = Watch(schedule, run, is_new, say)
    with _stopping(watching, children):
        return watching.loop()


class _Notes:
    """Says what a look found in the way once, and not at each look."""

    def __init__(self, say: Callable[[str], None]):
        self._say, self._said = say, []

    def say(self, notes: list[str]) -> None:
        for note in notes:
            if note not in self._said:
                self._say(note)
        self._said = notes


@contextmanager
def _stopping(watching: Watch, children: list[subprocess.Popen]) -> Iterator[None]:
    def handle(number: int, _) -> None:
        watching.stop()
        for child in children[-1:]:
            if child.poll() is None:
                child.send_signal(number)

    before = signal.signal(signal.SIGTERM, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
