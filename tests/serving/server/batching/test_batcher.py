"""Dynamic batching by itself, with a stand-in for the model that counts what it computes."""

import asyncio
import threading
import time
from collections.abc import Coroutine

import grpc
import numpy as np
import pytest
import tensorflow as tf

from serving.server.batching.batcher import Batcher, Batching
from serving.server.batching.work import Work, renumber
from serving.server.encoding.signature import Signature, Spec
from serving.server.errors import ServingError, invalid
from serving.server.metrics import Metrics

SUM = Signature(
    "sum",
    {"x": Spec("x:0", tf.float32, (None, None))},
    {"y": Spec("y:0", tf.float32, (None,))},
    row_by_row=True,
)
FIXED = Signature("fixed", {"x": Spec("x:0", tf.float32, (None, None))}, {"y": Spec("y:0", tf.float32, (1,))})


class Model:
    """y is the sum of each row of x; a NaN is a bad item. While `closed`, it computes and does not end."""

    name, version = "vgg", 1

    def __init__(self):
        self.runs: list[np.ndarray] = []
        self.open = threading.Event()
        self.open.set()

    def run(self, signature, inputs, deadline=None):
        self.runs.append(inputs["x"])
        assert self.open.wait(30)
        bad = np.flatnonzero(np.isnan(inputs["x"]).any(axis=1))
        if bad.size:
            raise invalid(f"x[{bad[0]}]: not a number")
        return {"y": inputs["x"].sum(axis=1)}


@pytest.fixture
def model():
    return Model()


def batcher(**limits) -> Batcher:
    given = {"most_items": 4, "most_elements": 1000, "wait": 0.0, "threads": 1, "most_waiting": 10}
    return Batcher(Batching(**{**given, **limits}), Metrics())


def work(model, *rows, signature=SUM, deadline=None) -> Work:
    return Work(model, signature, {"x": np.array(rows, np.float32)}, deadline)


async def started(model: Model, request: Coroutine) -> asyncio.Task:
    """The request as a task, when the model computes it."""
    before, task = len(model.runs), asyncio.create_task(request)
    while len(model.runs) == before:
        await asyncio.sleep(0.001)
    return task


async def queued(request: Coroutine) -> asyncio.Task:
    """The request as a task, when it stands in the queue: as far as it comes without a free thread."""
    task = asyncio.create_task(request)
    await asyncio.sleep(0)
    return task


async def while_busy(batches: Batcher, model: Model, works: list[Work]) -> list:
    """The outcomes of `works`, which arrive while the only thread is busy with another request."""
    model.open.clear()
    first = await started(model, batches.run(work(model, [0, 0])))
    tasks = [await queued(batches.run(each)) for each in works]
    model.open.set()
    await first
    del model.runs[0]
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_requests_that_wait_together_are_computed_together_and_answered_apart(model):
    works = [work(model, [1, 2]), work(model, [3, 4], [5, 6]), work(model, [7, 8])]
    outcomes = asyncio.run(while_busy(batcher(), model, works))
    assert [outcome["y"].tolist() for outcome in outcomes] == [[3], [7, 11], [15]]
    assert len(model.runs) == 1


def test_a_batch_has_no_more_items_than_allowed(model):
    works = [work(model, [row, 0]) for row in range(10)]
    outcomes = asyncio.run(while_busy(batcher(), model, works))
    assert [outcome["y"].tolist() for outcome in outcomes] == [[row] for row in range(10)]
    assert [len(run) for run in model.runs] == [4, 4, 2]


def test_a_batch_has_no_more_elements_than_allowed(model):
    works = [work(model, [row, 0]) for row in range(4)]
    asyncio.run(while_busy(batcher(most_elements=4), model, works))
    assert [len(run) for run in model.runs] == [2, 2]


def test_other_shapes_are_never_joined_and_never_padded(model):
    works = [work(model, [1, 2]), work(model, [1, 2, 3]), work(model, [3, 4])]
    outcomes = asyncio.run(while_busy(batcher(), model, works))
    assert [outcome["y"].tolist() for outcome in outcomes] == [[3], [6], [7]]
    assert sorted(run.shape for run in model.runs) == [(1, 3), (2, 2)]


def test_other_versions_and_signatures_are_never_joined(model):
    other = Model()
    max_ = Signature("max", SUM.inputs, SUM.outputs)
    works = [work(model, [1, 2]), work(other, [1, 2]), work(model, [1, 2], signature=max_)]
    asyncio.run(while_busy(batcher(), model, works))
    assert len(model.runs) == 2
    assert len(other.runs) == 1


def test_a_signature_of_one_item_is_never_joined(model):
    works = [work(model, [1, 2], signature=FIXED) for _ in range(3)]
    asyncio.run(while_busy(batcher(), model, works))
    assert [len(run) for run in model.runs] == [1, 1, 1]


def test_only_the_request_at_fault_gets_the_error(model):
    works = [work(model, [1, 2]), work(model, [3, 4], [np.nan, 0]), work(model, [7, 8])]
    first, second, third = asyncio.run(while_busy(batcher(), model, works))
    assert (first["y"].tolist(), third["y"].tolist()) == ([3], [15])
    assert second.code == grpc.StatusCode.INVALID_ARGUMENT
    assert second.message == "x[1]: not a number"


def test_a_long_request_is_computed_in_parts_and_the_item_at_fault_keeps_its_number(model):
    rows = [[row, 0] for row in range(10)]
    batches = batcher()

    async def run(*rows):
        return await batches.run(work(model, *rows))

    assert asyncio.run(run(*rows))["y"].tolist() == list(range(10))
    assert [len(each) for each in model.runs] == [4, 4, 2]
    rows[6] = [np.nan, 0]
    with pytest.raises(ServingError, match=r"x\[6\]: not a number"):
        asyncio.run(run(*rows))


def test_only_names_of_inputs_are_renumbered():
    assert renumber("x[1]: bad; x[2]: bad; max[1], xx[1]", ["x"], 8) == "x[9]: bad; x[10]: bad; max[1], xx[1]"


def test_a_full_queue_refuses_at_once(model):
    async def overfill():
        batches = batcher(most_waiting=2)
        model.open.clear()
        first = await started(model, batches.run(work(model, [0, 0])))
        tasks = [first, *[await queued(batches.run(work(model, [row, 0]))) for row in (1, 2)]]
        # The model computes nothing meanwhile, so this does not wait for it.
        with pytest.raises(ServingError) as refused:
            await batches.run(work(model, [9, 0]))
        assert not any(task.done() for task in tasks)
        model.open.set()
        return refused.value, await asyncio.gather(*tasks)

    error, outcomes = asyncio.run(overfill())
    assert error.code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert [outcome["y"].tolist() for outcome in outcomes] == [[0], [1], [2]]


def test_what_is_past_its_deadline_is_not_computed(model):
    async def let_it_pass():
        batches = batcher()
        model.open.clear()
        first = await started(model, batches.run(work(model, [0, 0])))
        soon = time.monotonic() + 0.2
        late = await queued(batches.run(work(model, [1, 0], deadline=soon)))
        in_time = await queued(batches.run(work(model, [2, 0])))
        while time.monotonic() <= soon:
            await asyncio.sleep(0.01)
        model.open.set()
        return await asyncio.gather(first, late, in_time, return_exceptions=True)

    _, late, in_time = asyncio.run(let_it_pass())
    assert late.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert in_time["y"].tolist() == [2]
    assert [run.tolist() for run in model.runs] == [[[0, 0]], [[2, 0]]]


def test_a_deadline_that_has_passed_on_arrival_is_refused(model):
    with pytest.raises(ServingError) as refused:
        asyncio.run(batcher().run(work(model, [1, 0], deadline=time.monotonic() - 1)))
    assert refused.value.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert not model.runs


def test_a_client_that_has_gone_frees_its_place_and_is_not_computed(model):
    async def leave():
        batches = batcher(most_waiting=1)
        model.open.clear()
        first = await started(model, batches.run(work(model, [0, 0])))
        gone = await queued(batches.run(work(model, [1, 0])))
        gone.cancel()
        await asyncio.sleep(0)
        stays = await queued(batches.run(work(model, [2, 0])))
        model.open.set()
        return await asyncio.gather(first, gone, stays, return_exceptions=True)

    _, gone, stays = asyncio.run(leave())
    assert isinstance(gone, asyncio.CancelledError)
    assert stays["y"].tolist() == [2]
    assert [run.tolist() for run in model.runs] == [[[0, 0]], [[2, 0]]]


def test_a_client_that_goes_amid_a_long_request_ends_it_after_the_part(model):
    async def leave():
        batches = batcher()
        model.open.clear()
        long = await started(model, batches.run(work(model, *[[row, 0] for row in range(12)])))
        long.cancel()
        await asyncio.sleep(0)
        model.open.set()
        while batches.is_busy:
            await asyncio.sleep(0.001)

    asyncio.run(leave())
    assert [len(run) for run in model.runs] == [4]


def test_with_a_time_out_the_first_waits_for_others_until_the_batch_is_full(model):
    async def arrive():
        batches = batcher(wait=100_000.0)
        tasks = [await queued(batches.run(work(model, [row, 0]))) for row in range(3)]
        assert not model.runs
        return await asyncio.gather(*tasks, batches.run(work(model, [3, 0])))

    asyncio.run(arrive())  # and not after a day
    assert [len(run) for run in model.runs] == [4]


def test_with_a_time_out_a_single_request_is_computed_when_it_has_passed(model):
    begun = time.monotonic()
    asyncio.run(asyncio.wait_for(batcher(wait=0.1).run(work(model, [1, 0])), 60))
    assert time.monotonic() - begun >= 0.1


def test_the_oldest_request_goes_first_whatever_its_shape(model):
    works = [work(model, [1, 2, 3]), work(model, [1, 2]), work(model, [4, 5, 6])]
    asyncio.run(while_busy(batcher(), model, works))
    assert [run.shape for run in model.runs] == [(2, 3), (1, 2)]


def test_threads_compute_side_by_side(model):
    async def two():
        batches = batcher(threads=2, most_items=1)
        model.open.clear()
        tasks = [asyncio.create_task(batches.run(work(model, [row, 0]))) for row in range(2)]
        while len(model.runs) < 2:
            await asyncio.sleep(0.001)
        model.open.set()
        await asyncio.gather(*tasks)

    asyncio.run(asyncio.wait_for(two(), 30))


def test_an_error_that_is_no_refusal_reaches_the_request_and_the_next_one_is_computed(model):
    class Broken(Model):
        def run(self, *_):
            raise KeyError("a bug")

    async def both():
        batches = batcher()
        with pytest.raises(KeyError):
            await batches.run(work(Broken(), [1, 0]))
        return await batches.run(work(model, [1, 0]))

    assert asyncio.run(both())["y"].tolist() == [1]
