"""Whether a data set has boxes, looked at before a run begins, as its classification is trained first."""

from collections.abc import Sequence

from components.datasets.example_keys import layout_of_shards, some_record_has
from models.errors import InputError

LOOKED_AT = 1000
"""Records of a split, its first ones, that are looked through for a box."""


def check_boxes(splits: Sequence[Sequence[str]], where: str) -> None:
    """Looks for a box in each split.

    Args:
        splits: files of each.
        where: begins the line of an error.

    Raises:
        InputError: one has none, or no known layout.
    """
    for files in splits:
        layout = layout_of_shards(files, where)
        if not some_record_has(files, layout.boxes.corners[0], LOOKED_AT):
            raise InputError(
                f"{where}: no boxes in the first {LOOKED_AT} records of a split "
                f"({', '.join(layout.boxes.all)}); expected where the objects are; write the TFRecords with "
                "`vgg data ilsvrc` and its annotations, or with `vgg data voc`"
            )
