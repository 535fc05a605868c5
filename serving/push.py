"""Pushes a model: a copy of it becomes the newest version below TF Serving's model base path, all at once.

A server that polls the base path takes each folder with a decimal name for a whole version. So the copy is
made beside it under another name, and renamed when it is complete. An object store has no renaming: there
(store_push.py) the file that makes the folder a SavedModel comes last.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable

from models.errors import InputError
from models.literal_paths import check_literal
from serving import store_push

UNFINISHED = ".pushing-"
SAVED_MODEL = "saved_model.pb"


def push(model: str, base_path: str, *, now: Callable[[], float] = time.time) -> str:
    """Copies SavedModel `model` to a new version below `base_path`, both here or in object stores.

    The version is the unix time in seconds, as TFX's Pusher has it, or one more than the newest where that is
    not newer: none replaces another, and the last push is the one that is served.

    Returns:
        The version's folder.

    Raises:
        InputError: `model` is no SavedModel; `base_path` cannot be written, or is a pattern for TensorFlow.
            Nothing is left behind.
    """
    check_model(model)
    check_literal("model base path", base_path)
    if store_push.is_store(base_path):
        return store_push.push(model, base_path, _free(versions(base_path), int(now())))
    try:
        os.makedirs(base_path, exist_ok=True)
        unfinished = tempfile.mkdtemp(prefix=UNFINISHED, dir=base_path)
    except OSError as error:
        raise InputError(
            f"model base path {base_path}: {error.strerror}; expected a folder that can be written"
        ) from None
    try:
        copy = os.path.join(unfinished, "model")
        if store_push.is_store(model):
            store_push.copy_folder(model, copy)
        else:
            shutil.copytree(model, copy)
        _write_through(copy)
        return _rename(copy, base_path, int(now()))
    except OSError as error:
        raise InputError(
            f"model base path {base_path}: {error.strerror}; nothing was pushed; make room and push again"
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_model(model: str) -> None:
    """Whether `model` is the folder of a SavedModel; what is in it is not read.

    Raises:
        InputError: it is not.
    """
    file = os.path.join(model, SAVED_MODEL)
    if not (store_push.is_file(file) if store_push.is_store(model) else os.path.isfile(file)):
        raise InputError(f"model {model}: no {SAVED_MODEL} in it; expected the folder of a SavedModel")


def versions(base_path: str) -> list[int]:
    """The versions below a model base path, oldest first; other names are ignored, as TF Serving does."""
    try:
        names = store_push.names(base_path) if store_push.is_store(base_path) else os.listdir(base_path)
    except OSError:
        return []
    return sorted(int(name) for name in names if name.isascii() and name.isdigit())


def _rename(copy: str, base_path: str, wanted: int) -> str:
    """Gives the copy the first free version from `wanted` on that is newer than all others."""
    while True:
        path = os.path.join(base_path, str(_free(versions(base_path), wanted)))
        try:
            # Fails where another push took this version meanwhile: a folder with files is never replaced.
            os.rename(copy, path)
        except FileExistsError:
            continue
        except OSError as error:
            if os.path.exists(path):
                continue
            raise error
        return path


def _free(there: list[int], wanted: int) -> int:
    """The first version from `wanted` on that is newer than all others."""
    return max([wanted, *(each + 1 for each in there[-1:])])


def _write_through(folder: str) -> None:
    """To the disk: after a power failure a renamed folder must not be there with empty or missing files."""
    for path, _, names in os.walk(folder):
        for each in [*(os.path.join(path, name) for name in names), path]:
            descriptor = os.open(each, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
