"""Checks a data set and writes the result's folder: page, contact sheets and figures."""

import json
import shutil
from pathlib import Path

from components.checking.check import Check
from components.checking.look import Stage, Wanted, look_at
from pipeline.data_check.page import render
from pipeline.data_check.place import FIGURES, PAGE, SHEETS, written


def write_check(wanted: Wanted, out: Path, stage: Stage) -> Check:
    """The figures, once `out` holds index.html, sheets/ and check.json.

    Args:
        wanted: what is looked at.
        out: as pipeline.data_check.place has it.
        stage: shows progress.

    Raises:
        InputError: the data cannot be checked, or `out` cannot be written.
    """
    with written(out) as folder:
        work = folder / "work"
        for each in (work, folder / SHEETS):
            each.mkdir()
        found, tiles = look_at(wanted, str(work), str(folder / SHEETS), stage)
        shutil.rmtree(work)
        with open(folder / FIGURES, "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1, default=vars)  # piece by piece: millions of lines, at worst
        (folder / PAGE).write_text(render(found, tiles), encoding="utf-8", errors="replace")
    return found
