"""Whether a home folder has anything to report on."""

from models.errors import InputError
from pipeline.environment import Environment

RUN_FIRST = "run an experiment there (`vgg run`), or name another home folder"


def check_home(environment: Environment) -> None:
    """Looks for ML Metadata's file and not into it; so at once.

    Raises:
        InputError: no run has written to this home folder.
    """
    if not environment.metadata.is_file():
        raise InputError(f"home folder {environment.home}: no {environment.metadata.name}; {RUN_FIRST}")
