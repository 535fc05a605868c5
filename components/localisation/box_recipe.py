"""What an experiment fixes about localisation (appendix A): frozen, complete, and written as JSON."""

from dataclasses import dataclass

from components.recipe import Training
from models.localisation.regression import Regression
from models.net import Net


@dataclass(frozen=True)
class BoxTrainerConfig:
    """All that the training of a box net needs beside its input artifacts.

    Attributes:
        net: the classification net that it begins from, whose last layer is replaced.
        training: of the box net; `trained_layers` are all, or the fully connected ones.
        regression: one box for all classes, or one for each.
    """

    net: Net
    training: Training
    regression: Regression = Regression.PER_CLASS


@dataclass(frozen=True)
class BoxEvaluation:
    """Test 2 of appendix A; test 1 looks at the central crop at the S that the box net was trained at.

    Attributes:
        shorter_sides: the Q in pixels, whose boxes are merged together.
    """

    shorter_sides: tuple[int, ...]


@dataclass(frozen=True)
class Localisation:
    """What an experiment that also localises fixes beside its classification.

    Attributes:
        training: of the box net, which begins from the experiment's classification net.
        evaluation: how boxes are found.
        regression: one box for all classes, or one for each.
    """

    training: Training
    evaluation: BoxEvaluation
    regression: Regression = Regression.PER_CLASS
