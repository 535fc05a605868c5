"""A run that is to localise looks for boxes before it trains a net for classes."""

import pytest
from helpers.drawn_boxes import box_record, write_records

from components.datasets.layouts import LAYOUTS
from models.errors import InputError
from pipeline.running.preflight import check_localisation

BOX = [0.25, 0.25, 0.75, 0.75]


def test_a_run_on_several_machines_is_told_at_once(tmp_path):
    with pytest.raises(InputError, match="its box net is trained on one machine"):
        check_localisation(tmp_path, several_machines=True)


def test_a_run_looks_into_both_splits(tmp_path):
    layout = LAYOUTS[0]
    for split, boxes in (("train", [BOX]), ("validation", [])):
        write_records(tmp_path / f"{split}-00000-of-00001", [box_record(layout, b"", 0, boxes)])
    with pytest.raises(InputError, match=f"data folder {tmp_path}: no boxes"):
        check_localisation(tmp_path, several_machines=False)
    write_records(tmp_path / "validation-00000-of-00001", [box_record(layout, b"", 0, [BOX])])
    check_localisation(tmp_path, several_machines=False)
