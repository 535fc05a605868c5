"""What an experiment fixes about localisation (appendix A): frozen, complete, and written as JSON."""

from dataclasses import dataclass

from components.recipe import TrainedLayers, Training
from models.errors import InputError
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

    def __post_init__(self):
        if not self.shorter_sides:
            raise InputError("no Q; expected at least one shorter side in pixels")


@dataclass(frozen=True)
class Localisation:
    """What an experiment that also localises fixes beside its classification.

    Attributes:
        training: of the box net, which begins from the experiment's classification net.
        evaluation: how boxes are found.
        regression: one box for all classes, or one for each.
        merged_with: name of an experiment of another net that localises too, whose boxes, at its own Q, are
            merged with these (the last row of Table 9); "" for none. This one's net rates all of them.
    """

    training: Training
    evaluation: BoxEvaluation
    regression: Regression = Regression.PER_CLASS
    merged_with: str = ""

    def __post_init__(self):
        if self.training.trained_layers not in (TrainedLayers.ALL, TrainedLayers.FC):
            raise InputError(
                f"training.trained_layers {self.training.trained_layers.value}: a box net's are all or fc "
                "(Table 8); expected one of these"
            )
        if not self.training.new_last_layer:
            raise InputError(
                "training.new_last_layer false: a box net's last layer begins with random weights, as the "
                "classes' scores are no boxes; expected true"
            )
