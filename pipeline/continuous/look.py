"""Which generation of the data is to be trained on next. Without TensorFlow on this machine, so at once."""

from dataclasses import dataclass

from components.datasets.spans import LAYOUT, Generation, generations_in, marks
from models.errors import InputError
from pipeline.continuous.record import FAILED, Record, decided
from pipeline.running.preflight import check_data
from pipeline.store_path import Place


@dataclass(frozen=True)
class Found:
    """What a look came to.

    Attributes:
        generation: to be trained on, or None.
        marks: of its files.
        notes: lines for people: what is not whole, what is passed over.
    """

    generation: Generation | None
    marks: list[list]
    notes: list[str]


def look(data: Place, experiment: str, records: list[Record], *, again: bool = False) -> Found:
    """The newest whole generation, where it is newer than the last one that was decided on.

    Those between are passed over, as TFX's span resolution does: each is a data set of its own. One whose run
    failed is taken again when its files have changed, or with `again`, which takes the newest in any case.

    Raises:
        InputError: the data folder cannot be read, or has no generation's folder in it.
    """
    there = generations_in(str(data))
    if not there:
        raise InputError(f"data folder {data}: no generation in it; expected {LAYOUT}; set VGG_DATA")
    done = {each.order: each for each in decided(records) if each.experiment == experiment}
    newest_done = max(done, default=None)
    notes: list[str] = []
    for generation in there:
        before = done.get(generation.order)
        if newest_done is not None and generation.order < newest_done:
            break
        found, why = _whole(generation)
        if found is None:
            notes.append(f"{generation.name} is not taken: {why}")
        elif before is None or again or (before.decision == FAILED and before.marks != found):
            notes += _passed_over(there, generation, newest_done)
            return Found(generation, found, notes)
        else:
            if before.decision == FAILED:
                notes.append(
                    f"{generation.name} failed ({before.reason}), and its files are as they were; --again "
                    "tries it anew"
                )
            break
    return Found(None, [], notes)


def _whole(generation: Generation) -> tuple[list[list] | None, str]:
    """Its marks, and why it is not whole where there are none."""
    try:
        before = marks(generation)
        check_data(generation.folder)
        return before, ""
    except InputError as error:
        return None, str(error)


def _passed_over(
    there: list[Generation], taken: Generation, newest_done: tuple[int, int] | None
) -> list[str]:
    between = [
        each.name
        for each in there
        if each.order < taken.order and (newest_done is None or each.order > newest_done)
    ]
    return [f"passed over, as {taken.name} is newer: {', '.join(between)}"] if between else []
