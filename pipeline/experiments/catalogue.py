"""Experiments by name: small ones, the paper's tables in miniature, and the rows of Tables 3 to 6.

A variant of an experiment is `dataclasses.replace` of its parts.
"""

import dataclasses
import fnmatch
from collections.abc import Mapping

from components.recipe import TOP1_ERROR, Evaluation, Threshold, TrainerConfig, Training
from models.errors import InputError
from models.initialisation import Initialisation
from models.vgg import Net
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.miniatures import miniatures
from pipeline.experiments.paper_experiments import paper_experiments


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


def _small(name: str, net: str, sides: tuple[int, int], base: str | None) -> Experiment:
    """One stage of the paper's chain at 1/8 width and a quarter of its S, for `vgg data sample`."""
    first = base is None or base.startswith("small-A")
    training = Training(
        smallest_side=sides[0],
        largest_side=sides[1],
        most_epochs=12 if first else 3,
        patience=3,
        batch=16,
        learning_rate=2.5e-3 if first else 2.5e-4,
    )
    return Experiment(
        name=name,
        summary="the paper's chain in miniature (`vgg data sample`)",
        config=TrainerConfig(net=Net(net, classes=10, width=8, input_size=64), training=training),
        evaluation=Evaluation(shorter_sides=tuple(sorted({sides[0], training.middle_side, sides[1]}))),
        weights=name,
        starts_from=base,
    )


CHAIN_IN_MINIATURE = (
    _small("small-A-64", "A", (64, 64), None),
    _small("small-D-64", "D", (64, 64), "small-A-64"),
    _small("small-D-96", "D", (96, 96), "small-D-64"),
    _small("small-D-64-128", "D", (64, 128), "small-D-96"),
)

DEMO = Experiment(
    name="demo",
    summary="ten generated shapes (`vgg data sample`), minutes on two cores",
    config=TrainerConfig(
        net=Net("A", classes=10, width=8, input_size=64),
        training=Training(
            smallest_side=64,
            largest_side=80,
            most_epochs=15,
            drops=(11, 14),
            # Higher rates have diverged here, and larger batches stay on the plateau longer.
            batch=16,
            learning_rate=2.5e-3,
        ),
    ),
    evaluation=Evaluation((64, 72, 80), thresholds=(Threshold(TOP1_ERROR, most=0.15),)),
    weights="demo",
)

FLOWERS = Experiment(
    name="flowers",
    summary="five kinds of flowers in folders of photographs, half an hour on two cores",
    config=TrainerConfig(
        net=Net("A", classes=5, width=8, input_size=128),
        training=Training(
            smallest_side=128,
            largest_side=256,
            most_epochs=200,
            drops=(130, 180),
            batch=16,
            learning_rate=2.5e-3,
            colour_shift=False,
        ),
    ),
    evaluation=Evaluation((144, 176, 208), thresholds=(Threshold(TOP1_ERROR, most=0.40),)),
    weights="flowers",
)

IMAGENET_SMOKE = Experiment(
    name="imagenet-smoke",
    summary="full-width net A, three steps of batch 8: does this machine carry it?",
    config=TrainerConfig(net=Net("A"), training=Training(batch=8, most_steps=3)),
    evaluation=Evaluation(shorter_sides=(256,)),
    weights="imagenet-smoke",
)

EXPERIMENTS = {
    entry.name: entry
    for entry in (
        DEMO,
        FLOWERS,
        *CHAIN_IN_MINIATURE,
        IMAGENET_SMOKE,
        *miniatures().values(),
        *paper_experiments().values(),
    )
}
