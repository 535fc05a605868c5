"""How chief and followers come together over a shared folder; what trains is a stand-in, in threads."""

import json
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.training.machines import beacon, chief, follower
from components.training.machines.chief import Chief, WorkerLostError
from components.training.machines.child import End, Ending
from components.training.machines.cluster import Cluster
from components.training.machines.follower import Follower, RunEnd
from models.errors import InputError, Preempted

TRAINED = End(Ending.TRAINED)


class StandInChild:
    """What would train: ends as it is told to, or when it is killed."""

    def __init__(self, started: "queue.Queue", arguments):
        self.arguments, self.killed = arguments, False
        self._ends: queue.Queue[End] = queue.Queue()
        started.put(self)

    def end(self, ending: Ending, message: str = "") -> None:
        self._ends.put(End(ending, message))

    def wait(self, seconds: float) -> End | None:
        try:
            return self._ends.get(timeout=seconds)
        except queue.Empty:
            return None

    def kill(self) -> None:
        self.killed = True


class Machines:
    """Three machines with one folder."""

    def __init__(self, folder, patience: float = 60.0):
        self._folder, self._patience = str(folder), patience
        self._pool = ThreadPoolExecutor(8)
        self.started = [queue.Queue() for _ in range(3)]
        self.said: list[str] = []

    def cluster(self, index: int) -> Cluster:
        return Cluster(("a:1", "b:1", "c:1"), index, self._patience)

    def chief(self) -> Chief:
        return Chief(self.cluster(0), self._folder, self.said.append, self._starter(0))

    def follow(self, index: int):
        """The future of its RunEnd."""
        return self._pool.submit(
            Follower(self.cluster(index), self._folder, lambda _: None, self._starter(index)).follow
        )

    def train(self, leading: Chief, newest=lambda: ""):
        return self._pool.submit(leading.train, "Trainer.x", {"number": 7}, newest)

    def children(self) -> list[StandInChild]:
        """The next of each machine."""
        return [started.get(timeout=30) for started in self.started]

    def _starter(self, index: int):
        return lambda cluster, arguments: StandInChild(self.started[index], arguments)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(beacon, "BEAT_SECONDS", 0.02)
    for module in (chief, follower):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(chief, "GRACE_SECONDS", 0.3)


@pytest.fixture
def machines(tmp_path):
    return Machines(tmp_path)


def test_two_trainings_one_after_the_other_and_a_worker_that_comes_late(machines):
    with machines.chief() as leading:
        first = machines.follow(1)
        training = machines.train(leading)
        late = threading.Event()
        while not any("waiting for worker 2 (c:1)" in line for line in machines.said):
            late.wait(0.01)
        assert machines.started[1].empty()
        second = machines.follow(2)
        for _ in range(2):
            children = machines.children()
            assert [child.arguments for child in children] == [{"number": 7}] * 3
            children[0].end(Ending.TRAINED)
            training.result(timeout=30)
            training = machines.train(leading)
        machines.children()[0].end(Ending.TRAINED)
        assert children[1].killed
        training.result(timeout=30)
        leading.end(3, "refused")
        assert [each.result(timeout=30) for each in (first, second)] == [RunEnd(3, "refused")] * 2


def test_after_a_loss_all_begin_again_and_each_child_of_before_is_gone(machines):
    checkpoints = iter(["", "ckpt-4", "ckpt-8"])
    with machines.chief() as leading:
        followers = [machines.follow(index) for index in (1, 2)]
        training = machines.train(leading, lambda: next(checkpoints))
        before = machines.children()
        before[2].end(Ending.LOST, "Socket closed")
        again = machines.children()
        assert (before[0].killed, before[1].killed) == (True, True)
        assert "  Trainer.x: worker 2 (c:1): Socket closed; going on with all workers" in machines.said[-1]
        again[0].end(Ending.LOST, "ended by signal 9")
        last = machines.children()
        last[0].end(Ending.TRAINED)
        training.result(timeout=30)
        leading.end(0, "")
        assert [each.result(timeout=30).status for each in followers] == [0, 0]


def test_a_worker_started_anew_is_noticed_and_joins_the_next_attempt(machines, monkeypatch):
    with machines.chief() as leading:
        machines.follow(1)
        killed = threading.Event()
        monkeypatch.setattr(Follower, "_listen", _dies_when(Follower._listen, killed, index=2))
        gone = machines.follow(2)
        training = machines.train(leading)
        machines.children()
        killed.set()
        assert isinstance(gone.exception(timeout=30), InterruptedError)
        killed.clear()
        machines.follow(2)
        machines.children()[0].end(Ending.TRAINED)
        training.result(timeout=30)
        assert any("worker 2 (c:1) was started anew" in line for line in machines.said)
        leading.end(0, "")


def _dies_when(listen, killed: threading.Event, index: int):
    def listening(self):
        if killed.is_set() and self._cluster.index == index:
            raise InterruptedError
        return listen(self)

    return listening


@pytest.mark.parametrize(
    ("ending", "error", "index", "line"),
    [
        (Ending.REFUSED, InputError, 1, r"worker 1 \(b:1\): no such folder"),
        (Ending.REFUSED, InputError, 0, "^no such folder"),
        (Ending.FAILED, RuntimeError, 2, r"worker 2 \(c:1\): no such folder"),
        (Ending.PREEMPTED, Preempted, 0, "no such folder"),
    ],
)
def test_what_a_new_attempt_would_not_mend_ends_the_training(machines, ending, error, index, line):
    with machines.chief() as leading:
        machines.follow(1), machines.follow(2)
        training = machines.train(leading)
        children = machines.children()
        children[index].end(ending, "no such folder")
        with pytest.raises(error, match=line):
            training.result(timeout=30)
        assert children[0].killed is (index > 0)
        leading.end(2, "")


def test_the_reason_is_anothers_though_the_chiefs_own_training_broke_off_first(machines):
    with machines.chief() as leading:
        machines.follow(1), machines.follow(2)
        training = machines.train(leading)
        children = machines.children()
        children[0].end(Ending.LOST, "UnavailableError: Socket closed")
        time.sleep(0.05)  # the chief reads its own end before the other's
        children[1].end(Ending.REFUSED, "no such folder")
        with pytest.raises(InputError, match=r"worker 1 \(b:1\): no such folder"):
            training.result(timeout=30)
        leading.end(2, "")


def test_three_losses_without_a_checkpoint_between_them_are_given_up(machines):
    with machines.chief() as leading:
        machines.follow(1), machines.follow(2)
        training = machines.train(leading)
        for _ in range(3):
            machines.children()[0].end(Ending.LOST, "Socket closed")
        with pytest.raises(WorkerLostError, match="Socket closed; 3 times without a new checkpoint"):
            training.result(timeout=30)
        leading.end(1, "")


def test_a_worker_that_never_comes_ends_the_training_though_an_earlier_run_left_its_file(tmp_path):
    machines = Machines(tmp_path, patience=0.6)
    left = {"life": "x", "run": "y", "state": "waiting", "number": 0}
    (tmp_path / "worker-2.json").write_text(json.dumps(left))
    with machines.chief() as leading:
        machines.follow(1)
        with pytest.raises(WorkerLostError, match=r"^worker 2 \(c:1\): no sign of life in .*start the same"):
            machines.train(leading).result(timeout=30)
        leading.end(1, "")


def test_without_a_chief_a_worker_ends_though_an_earlier_run_left_an_announcement(tmp_path):
    left = {"run": "y", "attempt": {"number": 1, "lives": [], "node": "n"}, "ended": 0, "message": ""}
    (tmp_path / "worker-0.json").write_text(json.dumps(left))
    end = Machines(tmp_path, patience=0.3).follow(1).result(timeout=30)
    assert end.status is None
    assert "worker 0 (a:1), the chief: no sign of life" in end.message


def test_a_chief_that_dies_in_a_training_ends_the_others_and_their_children(tmp_path):
    machines = Machines(tmp_path, patience=0.5)
    with machines.chief() as leading:
        followers = [machines.follow(1), machines.follow(2)]
        training = machines.train(leading)
        children = machines.children()
    assert [each.result(timeout=30).status for each in followers] == [None, None]
    assert all(child.killed for child in children[1:])
    children[0].end(Ending.TRAINED)
    training.result(timeout=30)


def test_a_chief_that_is_started_anew_finds_the_same_workers(machines):
    with machines.chief() as first:
        followers = [machines.follow(1), machines.follow(2)]
        training = machines.train(first)
        before = machines.children()
    with machines.chief() as second:
        again = machines.train(second)
        machines.children()[0].end(Ending.TRAINED)
        again.result(timeout=30)
        assert all(child.killed for child in before[1:])
        second.end(0, "")
    assert [each.result(timeout=30).status for each in followers] == [0, 0]
    before[0].end(Ending.TRAINED)
    training.result(timeout=30)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be written .*home folder must be one that all") as caught:
        Machines(tmp_path / "none").chief().__enter__()
    assert "\n" not in str(caught.value)
