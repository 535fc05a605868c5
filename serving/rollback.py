"""Takes the newest pushed version out of service, so that a server goes back to the one before.

Its folder is renamed, which servers see at their next look: they load the version before, and then unload
this one. Nothing is copied and nothing is lost; the old name serves it again.
"""

import os

from models.errors import InputError
from serving import store_push
from serving.push import versions

WITHDRAWN = "rolled-back-"
"""Before the version in the folder's new name, which is no number, so that no server looks at it."""


def roll_back(base_path: str) -> tuple[str, str]:
    """Withdraws the newest version below a model base path.

    Returns:
        The folder that is served from now on, and the withdrawn one under its new name.

    Raises:
        InputError: there is no version before it, the folder cannot be renamed, or it is in an object store,
            which has no renaming.
    """
    if store_push.is_store(base_path):
        raise InputError(
            f"model base path {base_path}: an object store cannot rename a folder; push the version before "
            f"again: `vgg push FOLDER --base-path {base_path}`"
        )
    there = versions(base_path)
    if len(there) < 2:
        found = f"only version {there[0]}" if there else "no version"
        raise InputError(f"model base path {base_path}: {found} in it; expected one to go back to")
    newest, before = (os.path.join(base_path, str(version)) for version in (there[-1], there[-2]))
    withdrawn = os.path.join(base_path, f"{WITHDRAWN}{there[-1]}")
    try:
        os.rename(newest, withdrawn)
    except OSError as error:
        raise InputError(
            f"model {newest}: cannot be renamed to {withdrawn} ({error.strerror}); expected a folder that "
            "can be written and no such name in it"
        ) from None
    return before, withdrawn
