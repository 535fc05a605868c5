"""All experiments by name: small ones, the paper's tables in miniature, and the rows of Tables 3 to 6.

A variant of an experiment is `dataclasses.replace` of its parts.
"""

import dataclasses
import fnmatch
from collections.abc import Mapping

from components.recipe import Training
from models.errors import InputError
from models.initialisation import Initialisation
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.miniatures import miniatures
from pipeline.experiments.paper_experiments import paper_experiments
from pipeline.experiments.small import SMALL


def experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        InputError: there is none.
    """
    if name not in EXPERIMENTS:
        raise InputError(
            f"experiment {name!r}: unknown; expected one of {', '.join(EXPERIMENTS)}; "
            "`vgg experiments` describes them"
        )
    return EXPERIMENTS[name]


def experiments_named(pattern: str) -> list[Experiment]:
    """Those whose names match a shell pattern, such as mini-*; in the order of the list.

    Raises:
        InputError: there is none.
    """
    if not set(pattern) & set("*?["):
        return [experiment(pattern)]
    found = [entry for name, entry in EXPERIMENTS.items() if fnmatch.fnmatchcase(name, pattern)]
    if not found:
        raise InputError(f"experiments {pattern!r}: none matches; `vgg experiments` lists their names")
    return found


def from_random_weights(whole: Experiment, initialisation: Initialisation) -> Experiment:
    """`whole` with its chain of base models cut off: all weights random, at the rate for random weights."""
    training = dataclasses.replace(
        whole.config.training,
        initialisation=initialisation,
        learning_rate=Training.learning_rate if whole.starts_from else whole.config.training.learning_rate,
    )
    config = dataclasses.replace(whole.config, training=training)
    return dataclasses.replace(
        whole, config=config, starts_from=None, weights=f"{whole.weights}-{initialisation.value}"
    )


def chain(last: Experiment, experiments: Mapping[str, Experiment]) -> list[Experiment]:
    """The experiments to train, each the base model of the next; `last` is the last."""
    before = chain(experiments[last.starts_from], experiments) if last.starts_from else []
    return [*before, last]


def fused(whole: Experiment, experiments: Mapping[str, Experiment]) -> list[Experiment]:
    """The experiments whose nets are evaluated together: `whole` itself first."""
    return [whole, *(experiments[name] for name in whole.fused_with)]


EXPERIMENTS = {
    entry.name: entry
    for entry in (
        *SMALL,
        *miniatures().values(),
        *paper_experiments().values(),
    )
}
