"""When a look comes, and what the loop makes of what the runs say."""

from datetime import datetime, timedelta

import pytest

from models.errors import InputError
from pipeline.continuous.schedule import At, Every
from pipeline.continuous.watch import Watch
from pipeline.exit_status import BLESSED, FAILED, NOT_BLESSED, PREEMPTED


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("10m", 600), ("6h", 21600), ("1.5d", 129600)])
def test_every(text, seconds):
    assert Every.parse(text).wait(datetime(2026, 1, 1)) == seconds


@pytest.mark.parametrize(
    ("text", "now", "hours"), [("02:00", "00:30", 1.5), ("02:00", "02:00", 24), ("2:30", "23:00", 3.5)]
)
def test_at(text, now, hours):
    then = datetime.combine(datetime(2026, 1, 10), datetime.strptime(now, "%H:%M").time())
    assert timedelta(seconds=At.parse(text).wait(then)) == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "6", "h", "0s", "-1h", "6 weeks"])
def test_no_time_is_refused(text):
    with pytest.raises(InputError, match="--every"):
        Every.parse(text)


@pytest.mark.parametrize("text", ["24:00", "2", "02:60", "02:0"])
def test_no_time_of_day_is_refused(text):
    with pytest.raises(InputError, match="--at"):
        At.parse(text)


class _Looks:
    """A stand-in for schedule, looks and runs: what happened in turn; it stops at the last look."""

    def __init__(self, looks: list, statuses: list[int]):
        self.happened: list[str] = []
        self._looks, self._statuses = looks, statuses
        self.watching = Watch(self, self.run, self.is_new, self.happened.append)

    def is_new(self) -> bool:
        found = self._looks.pop(0)
        if not self._looks:
            self.watching.stop()
        if isinstance(found, Exception):
            raise found
        return found

    def run(self) -> int:
        self.happened.append("run")
        return self._statuses.pop(0)

    def wait(self, now: datetime) -> float:
        self.happened.append("wait")
        return 0.0


def test_it_runs_until_nothing_is_new_and_then_waits():
    looks = _Looks([True, True, False, False, True, False], [BLESSED, NOT_BLESSED, BLESSED])
    assert looks.watching.loop() == BLESSED
    assert looks.happened == ["run", "run", "wait", "wait", "run", "wait"]


def test_a_run_that_failed_is_not_begun_at_once_again():
    looks = _Looks([True, True, False], [FAILED, BLESSED])
    looks.watching.loop()
    assert looks.happened == ["run", "wait", "run", "wait"]


def test_a_stopped_run_ends_it_with_its_status():
    looks = _Looks([True, False], [PREEMPTED])
    assert looks.watching.loop() == PREEMPTED
    assert looks.happened == ["run"]


def test_a_folder_that_is_away_is_said_once_and_waited_for():
    away = InputError("data folder /data: is no folder")
    looks = _Looks([away, away, True, False], [BLESSED])
    looks.watching.loop()
    assert looks.happened == [str(away), "wait", "wait", "run", "wait"]
