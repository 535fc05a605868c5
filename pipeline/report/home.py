"""Whether a home folder has anything to report on."""

from models.errors import InputError
from pipeline.environment import Environment
from pipeline.home_name import recorded_name

RUN_FIRST = "run an experiment there (`vgg run`), or name another home folder"


def check_home(environment: Environment) -> None:
    """Looks for a sign of records and not into them; so at once.

    Raises:
        InputError: no run has written to this home folder.
    """
    if not recorded_name(environment):
        what = (
            f"nothing in {environment.database}"
            if environment.database
            else f"no {environment.metadata.name}"
        )
        raise InputError(f"home folder {environment.home}: {what}; {RUN_FIRST}")
