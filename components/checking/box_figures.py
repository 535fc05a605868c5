"""Figures of a data set's boxes, brought together from the findings of its shards."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from components.checking.boxes import BoxSums
from components.checking.check import TRAIN, VALIDATION, BoxFigures
from components.checking.shard import BOX, Findings, Shard


def box_figures(shards: Iterable[tuple[Shard, Findings]]) -> dict[str, BoxFigures]:
    """By split; without those in which no image has a box, right or wrong."""
    found = list(shards)
    splits = {
        split: _of_split([own for shard, own in found if shard.training == training])
        for split, training in ((TRAIN, True), (VALIDATION, False))
    }
    return {split: figures for split, figures in splits.items() if figures.boxes or figures.wrong}


def without_own_box(boxes: Mapping[str, BoxFigures]) -> Iterator[str]:
    """A line for each split with images that training and evaluation leave out, though they have boxes."""
    for split, one in boxes.items():
        if one.without_own:
            yield f"no box of its own class in {one.without_own} of {one.images} {split} images with boxes"


def _of_split(findings: Sequence[Findings]) -> BoxFigures:
    sums, wrong = BoxSums(), Counter()
    for found in findings:
        sums.add(found.boxes)
        wrong.update(one.box for one in found.problems if one.kind == BOX)
    area = round(sums.area / max(sums.whole, 1), 4)
    return BoxFigures(sums.boxes, sums.images, sums.most, sums.without_own, area, dict(sorted(wrong.items())))
