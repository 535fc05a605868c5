"""What an experiment fixes about training and evaluation: frozen, complete, and written as JSON.

TFX hands these to components and compares them with earlier runs' for its cache, so a field that does not
change the result does not belong here.
"""

import dataclasses
import enum
import json
import typing
from dataclasses import dataclass

from models.errors import InputError
from models.initialisation import Initialisation
from models.net import Net
from models.protocols import Protocol

TOP1_ERROR, TOP5_ERROR = "top1_error", "top5_error"
CROSS_ENTROPY, CALIBRATION_ERROR = "cross_entropy", "expected_calibration_error"
METRICS = (TOP1_ERROR, TOP5_ERROR, CROSS_ENTROPY, CALIBRATION_ERROR)


class Precision(str, enum.Enum):
    """Keras's dtype policies. Variables, loss and soft-max are float32 in each."""

    FLOAT32 = "float32"
    BFLOAT16 = "mixed_bfloat16"
    FLOAT16 = "mixed_float16"


LEAST_GAIN = 1.05
"""Times as fast as float32 that a precision is where a processor gains by it; less is within what two
measurements of the same differ by."""


class TrainedLayers(str, enum.Enum):
    """Which layers' weights training changes: all, the three fully connected ones, or fc8 alone; or fc8 as a
    linear SVM on descriptors (appendix B, components/transfer), which knows nothing of batches and rates."""

    ALL = "all"
    FC = "fc"
    LAST = "last"
    SVM = "svm"


@dataclass(frozen=True)
class Training:
    """Section 3.1; the defaults are the paper's.

    Attributes:
        smallest_side, largest_side: S in pixels; equal for a single scale, else drawn from the range.
        batch: images a step over all devices together.
        learning_rate, momentum: of SGD.
        patience: epochs without a better validation accuracy after which the learning rate is divided by 10.
            The paper does not say how long it waited.
        most_drops: how often it is divided; the next plateau ends training.
        most_epochs: ends training in any case. The paper's net took 74.
        drops: where not empty, the epochs after which the rate is divided, whatever the accuracy does.
        l2: multiplier of the coupled L2 penalty; adds l2 * w to a weight's gradient.
        dropout: share of fc6's and fc7's outputs set to 0.
        colour_shift: whether crops are shifted along the training set's principal components of RGB.
        initialisation: of the weights that do not come from a base model.
        precision: of the network's activations.
        jit_compile: whether XLA compiles the step.
        most_steps: ends training after so many steps; 0 is no limit.
        seed: of weights, dropout, shuffling, crops, flips, colours.
        new_last_layer: whether fc8 has random weights though there is a base model, which then is of other
            classes (appendix B). The base model's mean RGB is subtracted, and not the data's: the layers that
            are taken over were trained on it.
        trained_layers: the others keep the base model's weights. With `svm` nothing else here counts but the
            seed: the descriptors are those of the evaluation's Q, and the net is the base model's.
        last_layer_rate: fc8's learning rate as a multiple of the others'.
    """

    smallest_side: int = 256
    largest_side: int = 256
    batch: int = 256
    learning_rate: float = 1e-2
    momentum: float = 0.9
    patience: int = 5
    most_drops: int = 3
    most_epochs: int = 100
    drops: tuple[int, ...] = ()
    l2: float = 5e-4
    dropout: float = 0.5
    colour_shift: bool = True
    initialisation: Initialisation = Initialisation.GLOROT
    precision: Precision = Precision.FLOAT32
    jit_compile: bool = False
    most_steps: int = 0
    seed: int = 0
    new_last_layer: bool = False
    trained_layers: TrainedLayers = TrainedLayers.ALL
    last_layer_rate: float = 1.0

    def __post_init__(self):
        if not 0 < self.smallest_side <= self.largest_side:
            raise InputError(
                f"S from {self.smallest_side} to {self.largest_side}: expected a range in pixels"
            )
        if min(self.batch, self.most_epochs, self.patience) < 1:
            raise InputError(
                f"batch {self.batch}, epochs {self.most_epochs}, patience {self.patience}: "
                "expected at least 1 of each"
            )

    @property
    def scales(self) -> tuple[int, int]:
        """The smallest and the largest S, in pixels, between which S is drawn."""
        return self.smallest_side, self.largest_side

    @property
    def middle_side(self) -> int:
        """0.5 (Smin + Smax): section 4.1's single test scale Q."""
        return (self.smallest_side + self.largest_side) // 2


@dataclass(frozen=True)
class Threshold:
    """A bound on one metric of the average; a model beyond it is not blessed and not pushed.

    Attributes:
        metric: top1_error, top5_error, cross_entropy or expected_calibration_error; smaller is better.
        most: largest value allowed, or None.
        most_worse: how much larger than the last blessed model's it may be, or None. Where there is no such
            model yet, this bound holds for every model.
        by_class: whether it must hold for each class, and not only for all images together.
    """

    metric: str
    most: float | None = None
    most_worse: float | None = None
    by_class: bool = False

    def __post_init__(self):
        if self.metric not in METRICS:
            raise InputError(f"threshold on {self.metric!r}: unknown; expected one of {', '.join(METRICS)}")
        if self.most is None and self.most_worse is None:
            raise InputError(f"threshold on {self.metric}: no bound; expected `most` or `most_worse`")


@dataclass(frozen=True)
class Evaluation:
    """Section 3.2.

    Attributes:
        shorter_sides: the Q in pixels; posteriors are averaged over them.
        flip: whether the posterior of the horizontal flip is averaged in.
        protocol: what the net is applied to.
        thresholds: a model beyond one of them is not pushed. Without any, every model is.
    """

    shorter_sides: tuple[int, ...]
    flip: bool = True
    protocol: Protocol = Protocol.DENSE
    thresholds: tuple[Threshold, ...] = ()

    def __post_init__(self):
        if not self.shorter_sides:
            raise InputError("evaluation: no Q; expected at least one shorter side in pixels")

    @property
    def against_baseline(self) -> bool:
        """Whether the last blessed model must be evaluated too."""
        return any(threshold.most_worse is not None for threshold in self.thresholds)


@dataclass(frozen=True)
class TrainerConfig:
    """All that one Trainer needs beside its input artifacts.

    Nothing about evaluation: nets that are trained alike are trained once, however they are tested.
    """

    net: Net
    training: Training

    def __post_init__(self):
        if self.training.smallest_side < self.net.input_size:
            raise InputError(
                f"S from {self.training.smallest_side}: smaller than the crop of {self.net.input_size} pixels"
            )


Config = typing.TypeVar("Config")


def to_json(config: typing.Any) -> str:
    """A dataclass as one line, keys sorted: the same configuration is the same string."""
    return json.dumps(dataclasses.asdict(config), sort_keys=True)


def from_json(kind: type[Config], text: str) -> Config:
    """The inverse of to_json.

    Raises:
        TypeError: a field that `kind` does not have.
    """
    return _build(kind, json.loads(text))


def _build(kind: type[Config], values: dict) -> Config:
    hints = typing.get_type_hints(kind)
    return kind(**{name: _convert(hints.get(name), value) for name, value in values.items()})


def _convert(hint, value):
    if dataclasses.is_dataclass(hint):
        return _build(hint, value)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    if isinstance(value, list):
        element, *_ = typing.get_args(hint) or (None,)
        return tuple(_convert(element, each) for each in value)
    return value
