"""The newest pushed model of a folder of versions, of this machine or of an object store."""

from components.datasets.storage import Storage, storage_of
from models.errors import InputError, cause_of
from pipeline.store_path import Place

NOT_THERE = (FileNotFoundError, NotADirectoryError)


def newest_version(base: Place) -> Place:
    """The folder of the newest pushed version below `base`, or `base` where it is such a folder itself.

    Raises:
        InputError: there is none, or the folder cannot be read.
    """
    storage = storage_of(str(base))
    try:
        if _is_model(storage, base):
            return base
        versions = [int(name) for name in _names(storage, base) if _is_model(storage, base / name)]
    except OSError as error:
        raise InputError(
            f"model {base}: cannot be read ({cause_of(error)}); expected a folder of versions that this "
            "machine may list; name another with --model, or a server with --server"
        ) from None
    if not versions:
        raise InputError(
            f"model {base}: no pushed version in it; expected VERSION/saved_model.pb; run `vgg run` first, "
            "or name another folder with --model or a server with --server"
        )
    return base / str(max(versions))


def _is_model(storage: Storage, folder: Place) -> bool:
    try:
        return storage.size(str(folder / "saved_model.pb")) > 0
    except NOT_THERE:
        return False


def _names(storage: Storage, base: Place) -> list[str]:
    """That can be versions; none where there is no such folder."""
    try:
        return [name for name in storage.names(str(base)) if name.isdecimal()]
    except NOT_THERE:
        return []
