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
