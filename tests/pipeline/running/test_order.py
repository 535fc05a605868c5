"""Which components wait for which, how many run at once, and what comes of a failure; without processes."""

import threading

import pytest

from models.errors import InputError, Preempted
from pipeline.environment import Environment
from pipeline.running.order import Order
from pipeline.running.room import Room, gpus_here, side_by_side_here
from pipeline.running.side_by_side import ComponentFailedError, SideBySide

WAITS_FOR = {
    "data": [],
    "net": ["data"],
    "other": ["data"],
    "scores": ["net", "data"],
    "mean": ["scores", "other"],
}


class _Asked:
    """In place of Executors, of which there are none."""

    def __init__(self):
        self.asked = False

    def stop(self):
        self.asked = True


def _run(launch, room: Room, order=WAITS_FOR, trainings=(), asked=None) -> list[str]:
    said: list[str] = []
    SideBySide(Order(order), room, asked or _Asked(), launch, said.append, trainings).run()
    return said


def test_what_is_ready_and_what_is_behind():
    order = Order({**WAITS_FOR, "mean": ["scores", "other", "none of these"]})
    assert order.ready(set()) == ["data"]
    assert order.ready({"data"}) == ["data", "net", "other"]
    assert order.behind("net") == {"scores", "mean"}
    assert order.behind("mean") == set()


@pytest.mark.parametrize("most", [1, 2, 3])
def test_each_runs_once_after_what_it_waits_for_and_no_more_than_there_is_room_for(most):
    lock, running, highest, done = threading.Lock(), set(), 0, []

    def launch(node, share, alone):
        nonlocal highest
        with lock:
            assert set(WAITS_FOR[node]) <= set(done)
            running.add(node)
            highest = max(highest, len(running))
            assert len(running) == 1 or not alone
        with lock:
            running.remove(node)
            done.append(node)

    _run(launch, Room(most))
    assert sorted(done) == sorted(WAITS_FOR)
    assert highest <= most


def test_one_is_alone_only_where_nothing_can_begin_beside_it():
    told = {}
    _run(
        lambda node, _, alone: told.update({node: alone}),
        Room(2),
        {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
    )
    assert (told["a"], told["d"]) == (True, True)
    assert not told["b"]
    one_at_a_time = {}
    _run(lambda node, _, alone: one_at_a_time.update({node: alone}), Room(1), {"a": [], "b": []})
    assert one_at_a_time == {"a": True, "b": True}


def test_after_a_failure_nothing_begins_and_what_runs_ends():
    both, failed, ended, begun = threading.Barrier(2), threading.Event(), [], []

    def launch(node, share, alone):
        begun.append(node)
        if node == "fails":
            both.wait(60)
            raise KeyError("why")
        if node == "runs":
            both.wait(60)
            assert failed.wait(60)
            ended.append(node)

    def say(line):
        assert line == "fails failed; nothing else begins, and the run ends after runs"
        failed.set()

    order = Order({"fails": [], "runs": [], "next": ["runs"], "waits": []})
    with pytest.raises(ComponentFailedError) as caught:
        SideBySide(order, Room(2), _Asked(), launch, say).run()
    assert (caught.value.node, str(caught.value.error)) == ("fails", "'why'")
    assert ended == ["runs"]
    assert sorted(begun) == ["fails", "runs"]


def test_a_refusal_is_raised_as_it_is():
    def launch(node, share, alone):
        raise InputError("no such data")

    with pytest.raises(InputError, match="^no such data$"):
        _run(launch, Room(1))


def test_asked_to_end_between_two_components():
    asked, begun = _Asked(), []

    def launch(node, share, alone):
        begun.append(node)
        asked.stop()

    with pytest.raises(Preempted, match="finished components are kept, run the same command to go on"):
        _run(launch, Room(2), asked=asked)
    assert begun == ["data"]
    _run(launch, Room(2), {"last": []}, asked=_Asked())


def test_each_gpu_is_one_components_and_a_training_has_all():
    room = Room(3, ["4", "7"])
    first, second = room.take(training=False), room.take(training=False)
    assert [share.variables for share in (first, second)] == [
        {"CUDA_VISIBLE_DEVICES": "4"},
        {"CUDA_VISIBLE_DEVICES": "7"},
    ]
    assert room.take(training=False) is None
    room.give_back(first)
    assert room.take(training=True) is None
    room.give_back(second)
    every = room.take(training=True)
    assert (every.gpus, every.variables) == (("4", "7"), {})
    assert room.take(training=False) is None


def test_without_gpus_the_number_alone_counts():
    room = Room(2)
    shares = [room.take(training=True), room.take(training=False)]
    assert [share.variables for share in shares] == [{}, {}]
    assert room.take(training=False) is None


def test_a_training_trainings_is_alone():
    told = {}

    def launch(node, share, alone):
        told[node] = alone

    _run(launch, Room(2, ["0", "1"]), {"trains": [], "scores": []}, trainings=["trains"])
    assert told["trains"]


def test_names_of_gpus():
    assert gpus_here(2, {}) == ["0", "1"]
    assert gpus_here(2, {"CUDA_VISIBLE_DEVICES": "3, GPU-1f"}) == ["3", "GPU-1f"]


@pytest.mark.parametrize(
    ("gpus", "cores", "gibibytes", "wanted"),
    [(0, 1, 4, 1), (0, 2, 64, 1), (0, 16, 64, 4), (0, 64, 32, 4), (4, 64, 512, 4)],
)
def test_how_many_unless_the_user_says_it(gpus, cores, gibibytes, wanted):
    assert side_by_side_here(gpus, cores, gibibytes * 2**30) == wanted


def test_the_users_number_of_components():
    assert Environment.from_variables({}).side_by_side == 0
    assert Environment.from_variables({"VGG_SIDE_BY_SIDE": "3"}).side_by_side == 3
    for wrong in ("0", "-1", "many", "1.5"):
        with pytest.raises(
            InputError, match=f"^VGG_SIDE_BY_SIDE={wrong}: expected how many components may run"
        ):
            Environment.from_variables({"VGG_SIDE_BY_SIDE": wrong})
