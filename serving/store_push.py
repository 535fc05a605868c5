"""Models in object stores, gs:// and s3://, by TensorFlow, which is imported for them alone."""

import os
from types import ModuleType

from models.errors import InputError, cause_of
from models.quiet_imports import quiet_imports

LAST = "saved_model.pb"
"""TensorFlow Serving does not load a folder without it, and looks again."""


def is_store(path: str) -> bool:
    """Whether a path is of an object store."""
    return "://" in path


def is_file(path: str) -> bool:
    """Whether there is such a file."""
    tf = _tensorflow()

    return tf.io.gfile.exists(path)


def names(folder: str) -> list[str]:
    """What lies in a folder; nothing where there is none."""
    tf = _tensorflow()

    if not tf.io.gfile.isdir(folder):
        return []
    return [name.rstrip("/") for name in tf.io.gfile.listdir(folder)]


def push(model: str, base_path: str, version: int) -> str:
    """Copies SavedModel `model` to base_path/version, LAST last, and returns that folder.

    Two pushes in the same second, from two machines, could take the same version: a store has no way to
    claim a name.

    Raises:
        InputError: it cannot be written; what was copied of it is removed.
    """
    tf = _tensorflow()

    path = os.path.join(base_path, str(version))
    try:
        copy_folder(model, path, last=LAST)
    except tf.errors.OpError as error:
        if tf.io.gfile.exists(path):
            tf.io.gfile.rmtree(path)
        raise InputError(
            f"model base path {base_path}: {cause_of(error)}; nothing was pushed; make it writable and push "
            "again"
        ) from None
    return path


def copy_folder(source: str, target: str, *, last: str = "") -> None:
    """Copies all files of a folder, whatever file systems both are of; the one named `last` comes last."""
    tf = _tensorflow()

    files = [
        os.path.join(folder, name) for folder, _, found in tf.io.gfile.walk(source) for name in found if name
    ]
    for file in sorted(files, key=lambda file: os.path.basename(file) == last):
        copy = os.path.join(target, os.path.relpath(file, source))
        tf.io.gfile.makedirs(os.path.dirname(copy))
        tf.io.gfile.copy(file, copy, overwrite=True)


def _tensorflow() -> ModuleType:
    """For object stores alone: `vgg push` and `vgg rollback` on this machine import nothing heavy."""
    with quiet_imports():
        import tensorflow

    return tensorflow
