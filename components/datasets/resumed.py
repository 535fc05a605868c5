"""A folder that takes hours to write: complete or not there, and what a run that was killed finished is kept.

It is written under a hidden name beside its place, and renamed at the end. The next run with the same
parameters goes on in it. staging.py is for what takes minutes and begins anew.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.datasets.staging import as_input_error, locked
from models.errors import InputError

WORK, PARAMETERS = ".work", "parameters.json"


def work_of(folder: Path) -> Path:
    """The part of an unfinished folder that is not kept: plans and accounts."""
    return folder / WORK


@contextmanager
def resumed(out: Path, parameters: dict[str, Any]) -> Iterator[Path]:
    """A folder, new or as an earlier run left it, that becomes `out` when the block ends.

    Where the block raises it stays, unless nothing was written but what lies in its work folder.

    Args:
        out: an absolute path without symbolic links, not there or an empty folder.
        parameters: all that the content depends on, as JSON.

    Raises:
        InputError: no right or no space to write, another run is writing it, or what is there has other
            parameters.
    """
    folder = out.parent / f".{out.name}.unfinished"
    with as_input_error(out):
        work_of(folder).mkdir(parents=True, exist_ok=True)
        try:
            with locked(folder):
                _check_same(folder, parameters, out)
                try:
                    yield folder
                except BaseException:
                    if not any(one.name[0] != "." for one in folder.iterdir()):
                        shutil.rmtree(folder)
                    raise
                folder.rename(out)
        except BlockingIOError:
            raise InputError(
                f"{out}: another run is writing it; expected one at a time; wait for it, or choose "
                "another --out"
            ) from None
    forget_work(out)


def forget_work(out: Path) -> None:
    """Also of a run that was killed between the renaming and this."""
    shutil.rmtree(work_of(out), ignore_errors=True)


def _check_same(folder: Path, parameters: dict[str, Any], out: Path) -> None:
    path = work_of(folder) / PARAMETERS
    if not path.exists():
        path.write_text(json.dumps(parameters), encoding="utf-8")
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # killed while it was written, so nothing else is there
        there = path.write_text(json.dumps(parameters), encoding="utf-8") and parameters
    if there != parameters:
        odd = next(key for key in (*parameters, *there) if there.get(key) != parameters.get(key))
        raise InputError(
            f"{folder}: holds the unfinished data set of another call ({odd} differs); expected the same "
            f"inputs and options, to go on; remove it, or choose another --out than {out}"
        )
