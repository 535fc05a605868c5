"""Folders that take seconds to make, made once for all the worker processes of a run of the tests."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def built_once(temporary: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder `name`, for reading only; the first process to ask for it has `build(folder)` make it.

    Files only: what a test would change it copies first. A build that fails leaves nothing to the next.
    """
    own = temporary.getbasetemp()
    # pytest-xdist gives each worker a folder of its own in one that all of them share.
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "built" / name
    folder.parent.mkdir(exist_ok=True)
    with open(folder.parent / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_name(f"unfinished-{name}")
            shutil.rmtree(unfinished, ignore_errors=True)
            build(unfinished)
            unfinished.rename(folder)
    return folder
