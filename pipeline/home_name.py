"""Under which name a home folder's pipeline is recorded: homes can share a database, and must not mix there.

ML Metadata tells pipelines apart by their names: runs, trained nets, the last blessed model and TFX's cache
are looked up by it. In a home's own SQLite it is always `vgg`. In a database it gets a mark of the home
folder's own, which lies in that folder: paths would not do, as two machines may have the same one.
"""

import dataclasses
import os
import uuid
from contextlib import suppress
from pathlib import Path

from models.errors import InputError
from pipeline.environment import PIPELINE_NAME, Environment

FILE = "pipeline_name"


class HomeInUse(InputError):  # noqa: N818 - said of the home folder
    """Another process writes to a home folder; what was asked for was not begun."""


def recorded_name(environment: Environment) -> str | None:
    """The name of the home folder's pipeline; None where nothing has been recorded yet. Asks no database."""
    if environment.database is None:
        return PIPELINE_NAME if environment.metadata.exists() else None
    try:
        return Path(environment.home / FILE).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None


def named(environment: Environment) -> Environment:
    """With the name of the home folder's pipeline, which is written down in it where that is new.

    Raises:
        InputError: the home folder cannot be written.
    """
    if environment.database is None:
        return environment
    if not recorded_name(environment):
        _write(Path(environment.home), f"{PIPELINE_NAME}-{uuid.uuid4().hex[:8]}")
    return dataclasses.replace(environment, pipeline_name=recorded_name(environment))


def home_refused(home: Path, error: OSError) -> InputError:
    """That a home folder cannot be written."""
    return InputError(f"home folder {home}: {error.strerror}; expected a writable one; set VGG_HOME")


def _write(home: Path, name: str) -> None:
    """Whole, and the first one's where two begin at once."""
    part = home / f".{FILE}.{os.getpid()}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{name}\n", encoding="utf-8")
        with suppress(FileExistsError):
            (home / FILE).hardlink_to(part)
        part.unlink()
    except OSError as error:
        raise home_refused(home, error) from None
