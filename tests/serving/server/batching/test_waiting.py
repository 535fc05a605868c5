"""What waits in the queue: its limits, deadlines, clients that go, and the time-out for a fuller batch."""

import asyncio
import time

import grpc
import pytest
from helpers.serving.batched_work import Model, batcher, queued, started, work

from serving.server.errors import ServingError


@pytest.fixture
def model():
    return Model()


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
