"""Which experiments a run is of: by name, by a pattern of names, or by a file, with fields set beside."""

import shlex
from collections.abc import Mapping

from models.errors import InputError
from pipeline.experiments.catalogue import experiments_named
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.experiment_file import SUFFIX, read_experiment, with_settings


def chosen(
    named: str, settings: str, experiments: Mapping[str, Experiment]
) -> tuple[list[str], dict[str, Experiment]]:
    """Names of those to run, and all experiments by name, theirs among them.

    Args:
        named: a name, a pattern such as mini-*, or the path of a file, which ends in .toml.
        settings: words such as "training.batch=32 net.width=8", or none.
        experiments: the built-in ones.

    Raises:
        InputError: there is no such experiment, or a file or a setting cannot be used.
    """
    found = dict(experiments)
    if named.endswith(SUFFIX):
        own = read_experiment(named)
        found[own.name] = own
        names = [own.name]
    else:
        names = [entry.name for entry in experiments_named(named, experiments)]
    words = words_of(settings)
    if words:
        changed = [with_settings(found[name], words) for name in names]
        names = [one.name for one in changed]
        found |= {one.name: one for one in changed}
    return names, found


def words_of(settings: str) -> list[str]:
    """Those of VGG_SET.

    Raises:
        InputError: a quotation mark is missing.
    """
    try:
        return shlex.split(settings)
    except ValueError as error:
        raise InputError(f"VGG_SET={settings}: {error}; expected such as training.batch=32") from None
