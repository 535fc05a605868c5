"""The best and the worst boxes of an evaluation, for pictures of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.localisation.localised import FIGURES, Localised, from_record
from components.split_records import records_in
from models.localisation.boxes import SAME_OBJECT
from pipeline.report.predictions import Extremes

BEST, WORST = 4, 8
CENTRAL_IOU, DENSE_IOU, RANK = (FIGURES.index(name) for name in ("central_iou", "dense_iou", "rank"))


@dataclass(frozen=True)
class LocatedExtremes:
    """Images by the intersection over union of their class's box with the true one, each the most extreme
    first; the worst ones are errors."""

    best: tuple[Localised, ...] = ()
    worst: tuple[Localised, ...] = ()


@dataclass(frozen=True)
class LocatedPicture:
    """A photograph with boxes.

    Attributes:
        thumbnail: id of the photograph's.
        name, true: of its file, and of its class.
        right: whether it counts as right: its box, and its class is one of the five best.
        rank: of its class among the five best, from 1; 0 where it is none of them.
        boxes: the true ones; dense: by test 2, and central: by test 1, of the true class. All are (left, top,
            right, bottom) in fractions of the photograph.
        dense_iou, central_iou: how well these fit, 0..1.
    """

    thumbnail: str
    name: str
    true: str
    right: bool
    rank: int
    boxes: tuple[tuple[float, ...], ...]
    dense: tuple[float, ...]
    central: tuple[float, ...]
    dense_iou: float
    central_iou: float


def extremes(folder: str) -> LocatedExtremes:
    """Of a Localiser's records, in one pass; images without a box of their class, and those that do not
    decode, are left out."""
    best, worst = Extremes(BEST), Extremes(WORST)
    for one in _read(folder):
        if not (len(one.true) and one.decodes):
            continue
        fits = float(one.figures[DENSE_IOU])
        best.add(fits, one.image.key, one)
        if fits <= SAME_OBJECT:
            worst.add(-fits, one.image.key, one)
    return LocatedExtremes(best.found(), worst.found())


def pictured(found: Sequence[Localised], thumbnails: dict[bytes, str]) -> tuple[LocatedPicture, ...]:
    """Those of which there is a thumbnail; `thumbnails` are ids by the images' keys."""
    return tuple(_picture(one, thumbnails[one.image.key]) for one in found if one.image.key in thumbnails)


def _picture(one: Localised, thumbnail: str) -> LocatedPicture:
    figures = one.figures
    rank = int(figures[RANK]) + 1
    return LocatedPicture(
        thumbnail=thumbnail,
        name=one.image.name,
        true=one.class_name,
        right=bool(figures[DENSE_IOU] > SAME_OBJECT and rank <= len(one.five)),
        rank=rank if rank <= len(one.five) else 0,
        boxes=tuple(map(_box, one.true)),
        dense=_box(one.own),
        central=_box(one.central),
        dense_iou=float(figures[DENSE_IOU]),
        central_iou=float(figures[CENTRAL_IOU]),
    )


def _box(box: Sequence[float]) -> tuple[float, ...]:
    return tuple(map(float, box))


def _read(folder: str) -> Iterator[Localised]:
    return map(from_record, records_in(folder))
