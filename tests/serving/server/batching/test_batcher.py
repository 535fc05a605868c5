"""Dynamic batching by itself, with a stand-in for the model that counts what it computes."""

import asyncio

import grpc
import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.batched_work import SUM, Model, batcher, queued, started, work

from serving.server.batching.batcher import Batcher
from serving.server.batching.work import Work, renumber
from serving.server.encoding.signature import Signature, Spec
from serving.server.errors import ServingError

FIXED = Signature("fixed", {"x": Spec("x:0", tf.float32, (None, None))}, {"y": Spec("y:0", tf.float32, (1,))})


@pytest.fixture
def model():
    return Model()


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
