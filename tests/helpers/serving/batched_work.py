"""A model that adds, and work for a batcher."""

import asyncio
import threading
from collections.abc import Coroutine

import numpy as np
import tensorflow as tf

from serving.server.batching.batcher import Batcher, Batching
from serving.server.batching.work import Work
from serving.server.encoding.signature import Signature, Spec
from serving.server.errors import invalid
from serving.server.metrics import Metrics

SUM = Signature(
    "sum",
    {"x": Spec("x:0", tf.float32, (None, None))},
    {"y": Spec("y:0", tf.float32, (None,))},
    row_by_row=True,
)


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
