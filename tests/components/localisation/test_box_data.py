"""Data without boxes are refused before anything is trained."""

import pytest
from helpers.drawn_boxes import box_record, write_records

from components.datasets.layouts import LAYOUTS
from components.localisation.box_data import check_boxes
from models.errors import InputError

BOX = [0.25, 0.25, 0.75, 0.75]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_one_box_anywhere_in_each_split_is_enough(tmp_path, layout):
    without, with_box = (box_record(layout, b"", 0, boxes) for boxes in ([], [BOX]))
    some = write_records(tmp_path / "some", [without, without, with_box])
    none = write_records(tmp_path / "none", [without, without])
    check_boxes([[none, some], [some]], "data")
    with pytest.raises(InputError, match="data: no boxes in the first 1000 records of a split"):
        check_boxes([[some], [none]], "data")
