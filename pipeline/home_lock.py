"""Only one process at a time does a kind of work in a home folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.home_name import HomeInUse, home_refused

RUN, GENERATION = "lock", "generations.lock"
_TAKEN = {
    RUN: "another run is writing to it; wait for it",  # the same metadata and models
    GENERATION: "another vgg watch is at a generation; wait for it,",  # both would begin the same one
}


@contextmanager
def only_one_in(home: Path, work: str) -> Iterator[None]:
    """Holds the home folder's lock for `work`, RUN or GENERATION; the system lets go of it on a kill.

    Raises:
        HomeInUse: another process has it.
        InputError: the folder cannot be written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = open(home / work, "w")  # noqa: SIM115 - closed below
    except OSError as error:
        raise home_refused(home, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(f"home folder {home}: {_TAKEN[work]} or set VGG_HOME") from None
        try:
            yield
        finally:
            # Closing is not enough: a run's executors may be forks of this process, and hold the file open.
            fcntl.flock(lock, fcntl.LOCK_UN)
