"""Several photographs to answers: a few are asked for at a time, and the answers come in order."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pipeline.prediction.photographs import ImageError, Photograph
from pipeline.prediction.predictors import Predictor


@dataclass(frozen=True)
class Answer:
    """What came of one photograph.

    Attributes:
        photograph: as the user named it.
        values: to each question (pipeline.prediction.predictors.Question), empty where it cannot be used.
        error: why not, else None.
        encoded: the photograph, where its answer was asked for with it; else empty.
        picture: path of the picture that was drawn of it, or "".
    """

    photograph: Photograph
    values: Sequence[Any]
    error: str | None = None
    encoded: bytes = b""
    picture: str = ""


def ask(
    photographs: Iterable[Photograph],
    opened: AbstractContextManager[Predictor],
    at_once: int,
    *,
    with_photograph: bool = False,
) -> Iterator[Answer]:
    """One answer for each photograph, in order; at most `at_once` are read and not yet answered."""
    waiting = deque()
    with opened as predict:
        for photograph in photographs:
            waiting.append(_in_thread(_answer, photograph, predict, with_photograph))
            if len(waiting) == at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _in_thread(function: Callable, *arguments: object) -> Future:
    """Not by a pool: Python waits for its threads, so an interrupted command would wait for the server."""
    future = Future()

    def run() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def _answer(photograph: Photograph, predict: Predictor, with_photograph: bool) -> Answer:
    try:
        encoded = photograph.read()
        return Answer(photograph, predict(encoded), encoded=encoded if with_photograph else b"")
    except ImageError as error:
        return Answer(photograph, (), str(error))
