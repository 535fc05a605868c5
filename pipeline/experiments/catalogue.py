"""All experiments by name: small ones, the paper's tables in miniature, and the rows of Tables 3 to 9.

A variant of an experiment is `dataclasses.replace` of its parts.
"""

import dataclasses
import fnmatch
from collections.abc import Mapping

from models.errors import InputError
from models.initialisation import Initialisation
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.localisation import localisation_experiments
from pipeline.experiments.miniatures import miniatures
from pipeline.experiments.paper_experiments import paper_experiments
from pipeline.experiments.small import SMALL


def experiment(name: str, experiments: Mapping[str, Experiment] | None = None) -> Experiment:
    """The experiment of that name.

    Raises:
        InputError: there is none.
    """
    experiments = EXPERIMENTS if experiments is None else experiments
    if name not in experiments:
        raise InputError(
            f"experiment {name!r}: unknown; expected one of {', '.join(EXPERIMENTS)}; "
            "`vgg experiments` describes them"
        )
    return experiments[name]


def experiments_named(pattern: str, experiments: Mapping[str, Experiment] | None = None) -> list[Experiment]:
    """Those of all, or of `experiments`, whose names match a shell pattern, such as mini-*; in their order.

    Raises:
        InputError: there is none.
    """
    if not set(pattern) & set("*?["):
        return [experiment(pattern, experiments)]
    experiments = EXPERIMENTS if experiments is None else experiments
    found = [entry for name, entry in experiments.items() if fnmatch.fnmatchcase(name, pattern)]
    if not found:
        raise InputError(f"experiments {pattern!r}: none matches; `vgg experiments` lists their names")
    return found


def all_from_random_weights(
    initialisation: Initialisation, experiments: Mapping[str, Experiment] | None = None
) -> dict[str, Experiment]:
    """All, or those of `experiments`, by name, none of which starts from another's net: so those that one is
    fused with do not either.
    """
    experiments = EXPERIMENTS if experiments is None else experiments
    return {
        name: from_random_weights(entry, initialisation, experiments) for name, entry in experiments.items()
    }


def from_random_weights(
    whole: Experiment, initialisation: Initialisation, experiments: Mapping[str, Experiment] | None = None
) -> Experiment:
    """`whole` with its own net's chain of base models cut off: all weights random, at the learning rate of
    the chain's first net, which starts from random weights.
    """
    first = chain(whole, experiments or EXPERIMENTS)[0]
    training = dataclasses.replace(
        whole.config.training,
        initialisation=initialisation,
        learning_rate=first.config.training.learning_rate,
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


def merged_with(whole: Experiment, experiments: Mapping[str, Experiment]) -> Experiment | None:
    """The experiment whose box net's boxes are merged with those of `whole`; None where there is none.

    Raises:
        InputError: it is not known, does not localise, or has the same classification net.
    """
    if not whole.localisation or not whole.localisation.merged_with:
        return None
    where = f"experiment {whole.name}: localisation.merged_with"
    name = whole.localisation.merged_with
    if name not in experiments:
        known = [each.name for each in experiments.values() if each.localisation]
        raise InputError(f"{where}: {name}: unknown; expected one that localises, such as {', '.join(known)}")
    other = experiments[name]
    if not other.localisation or other.weights == whole.weights:
        why = f"has the same net, {other.weights}" if other.localisation else "does not localise"
        raise InputError(f"{where}: {name} {why}; expected one that localises with another net")
    return other


EXPERIMENTS = {
    entry.name: entry
    for entry in (
        *SMALL,
        *miniatures().values(),
        *paper_experiments().values(),
        *localisation_experiments(),
    )
}
