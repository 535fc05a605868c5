"""Experiments by name: the rows of Tables 3 and 4 as the paper trained them, and small ones.

A variant of an experiment is `dataclasses.replace` of its parts.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from components.recipe import TOP1_ERROR, Evaluation, Threshold, TrainerConfig, Training
from models.errors import InputError
from models.initialisation import Initialisation
from models.vgg import Net
from pipeline.paper_tables import TABLE_3, TABLE_4, Row


@dataclass(frozen=True)
class Experiment:
    """One configuration of the whole pipeline.

    Attributes:
        name: what VGG_EXPERIMENT says.
        summary: for a list.
        config: net and training.
        evaluation: how the net is tested.
        weights: name of the trained net; experiments that differ only in their evaluation share it.
        starts_from: name of the experiment whose trained net is the base model, or None.
        fused_with: names of experiments whose posteriors are averaged with this one's (section 4.4). Such an
            evaluation pushes no model, as what it evaluates is none.
        most_undecodable: share of a split, 0..1, that may fail to decode before the run fails.
        paper: the row of the paper that this is, or None.
    """

    name: str
    summary: str
    config: TrainerConfig
    evaluation: Evaluation
    weights: str
    starts_from: str | None = None
    fused_with: tuple[str, ...] = ()
    most_undecodable: float = 0.0
    paper: Row | None = None

    def __post_init__(self):
        if min(self.evaluation.shorter_sides) < self.config.net.input_size:
            raise InputError(
                f"experiment {self.name}: Q {self.evaluation.shorter_sides}: smaller than the net's crop of "
                f"{self.config.net.input_size} pixels, so that there is no score map"
            )


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


def _from_row(row: Row) -> Experiment:
    several = len(row.shorter_sides) > 1
    starts_from, rate = _origin(row)
    return Experiment(
        name=row.weights + ("-multiscale" if several else ""),
        summary=f"Table {4 if several else 3} of the paper, ImageNet",
        config=TrainerConfig(
            net=Net(row.net),
            training=Training(smallest_side=row.smallest, largest_side=row.largest, learning_rate=rate),
        ),
        evaluation=Evaluation(shorter_sides=row.shorter_sides),
        weights=row.weights,
        starts_from=starts_from,
        # ImageNet's own files all decode once the known bad ones are re-encoded; a copy may lose a few.
        most_undecodable=1e-4,
        paper=row,
    )


def _origin(row: Row) -> tuple[str | None, float]:
    """Section 3.1: A from random weights; deeper nets at S = 256 from A; S = 384 fine-tunes S = 256 at 1e-3;
    jittered S fine-tunes S = 384, at the same 1e-3 as the paper gives no other.

    Of A-LRN, which is no deeper than A, the paper says nothing: it starts from random weights like A.
    """
    if row.net in ("A", "A-LRN"):
        return None, 1e-2
    if row.smallest == row.largest == 256:
        return "A-256", 1e-2
    return f"{row.net}-{256 if row.largest == 384 else 384}", 1e-3


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
        *(_from_row(row) for row in TABLE_3 + TABLE_4),
    )
}
