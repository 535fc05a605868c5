"""Experiments by name: each row of Table 3 as the paper trained it, and small ones for one machine.

A variant of an experiment is `dataclasses.replace` of its parts.
"""

from dataclasses import dataclass

from components.recipe import Evaluation, TrainerConfig, Training
from models.errors import InputError
from models.vgg import Net


@dataclass(frozen=True)
class PaperErrors:
    """What the paper reports on ILSVRC-2012 validation, in per cent."""

    top1: float
    top5: float


@dataclass(frozen=True)
class Experiment:
    """One configuration of the whole pipeline.

    Attributes:
        name: what VGG_EXPERIMENT says.
        summary: for a list.
        config: net, training and evaluation.
        most_undecodable: share of a split, 0..1, that may fail to decode before the run fails.
        paper: the row's errors, or None.
    """

    name: str
    summary: str
    config: TrainerConfig
    most_undecodable: float = 0.0
    paper: PaperErrors | None = None


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


def _table_3() -> list[Experiment]:
    rows = [
        ("A", 256, 256, 29.6, 10.4),
        ("A-LRN", 256, 256, 29.7, 10.5),
        ("B", 256, 256, 28.7, 9.9),
        ("C", 256, 256, 28.1, 9.4),
        ("C", 384, 384, 28.1, 9.3),
        ("C", 256, 512, 27.3, 8.8),
        ("D", 256, 256, 27.0, 8.8),
        ("D", 384, 384, 26.8, 8.7),
        ("D", 256, 512, 25.6, 8.1),
        ("E", 256, 256, 27.3, 9.0),
        ("E", 384, 384, 26.9, 8.7),
        ("E", 256, 512, 25.5, 8.0),
    ]
    return [_row(*row) for row in rows]


def _row(configuration: str, smallest: int, largest: int, top1: float, top5: float) -> Experiment:
    """Single test scale: Q = S, or the middle of the range that S is drawn from (section 4.1)."""
    scale = str(smallest) if smallest == largest else f"{smallest}-{largest}"
    return Experiment(
        name=f"{configuration}-{scale}",
        summary=f"Table 3: net {configuration}, S = {scale.replace('-', ' to ')}, ImageNet",
        config=TrainerConfig(
            net=Net(configuration),
            training=Training(smallest_side=smallest, largest_side=largest),
            evaluation=Evaluation(shorter_sides=((smallest + largest) // 2,)),
        ),
        # ImageNet's own files all decode once the known bad ones are re-encoded; a copy may lose a few.
        most_undecodable=1e-4,
        paper=PaperErrors(top1, top5),
    )


DEMO = Experiment(
    name="demo",
    summary="generated pictures of ten shapes (`vgg data sample`), net A at 1/8 width, minutes on two cores",
    config=TrainerConfig(
        net=Net("A", classes=10, width=8, input_size=64),
        training=Training(
            smallest_side=64,
            largest_side=80,
            epochs=15,
            drops=(11, 14),
            # Higher rates have diverged here, and larger batches stay on the plateau longer.
            batch=16,
            learning_rate=0.0025,
        ),
        evaluation=Evaluation(shorter_sides=(64, 72, 80), most_top1_error=0.15),
    ),
)

FLOWERS = Experiment(
    name="flowers",
    summary="five kinds of flowers in folders of photographs, net A at 1/8 width, half an hour on two cores",
    config=TrainerConfig(
        net=Net("A", classes=5, width=8, input_size=128),
        training=Training(
            smallest_side=128,
            largest_side=256,
            epochs=200,
            drops=(130, 180),
            batch=16,
            learning_rate=0.0025,
        ),
        evaluation=Evaluation(shorter_sides=(144, 176, 208), most_top1_error=0.40),
    ),
)

IMAGENET_SMOKE = Experiment(
    name="imagenet-smoke",
    summary="full-width net A, 1000 classes, three steps of batch 8: does a machine carry the real thing?",
    config=TrainerConfig(
        net=Net("A"),
        training=Training(batch=8, epochs=1, drops=(), most_steps=3),
        evaluation=Evaluation(shorter_sides=(256,)),
    ),
)

EXPERIMENTS = {entry.name: entry for entry in (DEMO, FLOWERS, IMAGENET_SMOKE, *_table_3())}
