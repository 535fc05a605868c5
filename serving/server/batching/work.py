"""A request on its way through the queue, and how several are computed at once."""

import asyncio
import re
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import grpc
import numpy as np

from serving.server.encoding.signature import Signature
from serving.server.errors import ServingError, deadline_exceeded
from serving.server.versions.servable import Arrays, Servable

Outcome = Arrays | ServingError


class NotByRows(Exception):  # noqa: N818 - what the signature is
    """A signature's outputs are not what its declaration, or --enable_batching, says."""


@dataclass(eq=False)
class Work:
    """A request with checked inputs.

    Attributes:
        deadline: as time.monotonic(); None for none.
        result: set by the batcher; cancelled when the client has gone.
    """

    servable: Servable
    signature: Signature
    inputs: Mapping[str, np.ndarray]
    deadline: float | None = None
    arrived: float = field(default_factory=time.monotonic)
    result: asyncio.Future | None = None

    @property
    def is_batch(self) -> bool:
        """Whether it may be joined with others, and split: its inputs have as many rows as each other."""
        if not self.signature.is_batch:
            return False
        lengths = {len(array) if array.ndim else 0 for array in self.inputs.values()}
        return len(lengths) == 1 and 0 not in lengths

    @property
    def key(self) -> tuple:
        """Requests of one key can be computed as one: same version, signature, shape of an item."""
        if not self.is_batch:
            return (id(self),)
        shapes = tuple((name, array.shape[1:]) for name, array in sorted(self.inputs.items()))
        return (id(self.servable), self.signature.name, shapes)

    @property
    def items(self) -> int:
        """Length along the first dimension; 1 where that is not a batch's."""
        return len(next(iter(self.inputs.values()))) if self.is_batch else 1

    @property
    def elements(self) -> int:
        """Numbers in its largest tensor; 0 for strings."""
        return max((array.size for array in self.inputs.values() if array.dtype != object), default=0)

    def check_wanted(self) -> None:
        """Raises CANCELLED where the client has gone, DEADLINE_EXCEEDED where its deadline has passed."""
        if self.result is not None and self.result.cancelled():
            raise ServingError(grpc.StatusCode.CANCELLED, "the client has gone")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise deadline_exceeded("the deadline passed before the answer was computed")


def compute(works: Sequence[Work], most: int) -> list[Outcome]:
    """The outcome of each of `works`, which have one key; at most `most` items in a run of the model.

    Where they fail together each is computed by itself, so that only the one at fault gets the error. Where
    the answers are not of as many rows as the inputs, each is computed by itself and as it came.
    """
    if len(works) > 1:
        try:
            return _together(works)
        except (ServingError, NotByRows):
            pass
    return [_attempt(work, most) for work in works]


def _together(works: Sequence[Work]) -> list[Arrays]:
    first = works[0]
    inputs = {name: np.concatenate([work.inputs[name] for work in works]) for name in first.inputs}
    deadlines = [work.deadline for work in works]
    latest = None if None in deadlines else max(deadlines)
    outputs = first.servable.run(first.signature, inputs, latest)
    ends = np.cumsum([work.items for work in works])
    _check_rows(outputs, ends[-1])
    return [
        {name: array[end - work.items : end] for name, array in outputs.items()}
        for work, end in zip(works, ends, strict=True)
    ]


def _check_rows(outputs: Arrays, count: int) -> None:
    if any(not array.ndim or len(array) != count for array in outputs.values()):
        raise NotByRows


def _attempt(work: Work, most: int) -> Outcome:
    try:
        if work.items > most:
            with suppress(NotByRows):
                return _in_parts(work, most)
        return _run(work, work.inputs)
    except ServingError as error:
        return error


def _run(work: Work, inputs: Mapping[str, np.ndarray]) -> Arrays:
    work.check_wanted()
    return work.servable.run(work.signature, inputs, work.deadline)


def _in_parts(work: Work, most: int) -> Arrays:
    """In between, a client that has gone or a deadline that has passed ends it."""
    parts = []
    for start in range(0, work.items, most):
        try:
            part = {name: array[start : start + most] for name, array in work.inputs.items()}
            parts.append(_run(work, part))
            _check_rows(parts[-1], min(most, work.items - start))
        except ServingError as error:
            raise ServingError(error.code, renumber(error.message, work.inputs, start)) from None
    shapes = {name: {part[name].shape[1:] for part in parts} for name in work.signature.outputs}
    if any(len(each) > 1 for each in shapes.values()):
        raise NotByRows
    return {name: np.concatenate([part[name] for part in parts]) for name in work.signature.outputs}


def renumber(message: str, inputs: Collection[str], start: int) -> str:
    """`message` with `start` added to each number in `NAME[number]`, NAME being one of the inputs."""
    names = "|".join(map(re.escape, inputs))
    return re.sub(rf"\b({names})\[(\d+)\]", lambda m: f"{m[1]}[{int(m[2]) + start}]", message)
