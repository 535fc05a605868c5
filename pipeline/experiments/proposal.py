"""A sensible experiment for a data set, as a file with each of its lines explained.

It is where to begin, not what is best. The smallest size is that of `flowers`, the largest the paper's; what
lies between them is interpolated, and was not measured.
"""

from dataclasses import dataclass

from components.datasets.glance import Glance
from models.architectures import STRIDE
from models.errors import InputError


@dataclass(frozen=True)
class Size:
    """What so many training images carry.

    Attributes:
        fewest: training images, from which on it is taken.
        configuration, width: of the net.
        crop: largest side of the training crop, pixels.
        batch, learning_rate: that go together.
        steps: of training, about.
    """

    fewest: int
    configuration: str
    width: int
    crop: int
    batch: int
    learning_rate: float
    steps: int


SIZES = (
    Size(0, "A", 8, 128, 16, 2.5e-3, 6_000),
    Size(5_000, "A", 4, 128, 32, 2.5e-3, 20_000),
    Size(50_000, "A", 2, 224, 64, 5e-3, 60_000),
    Size(300_000, "A", 1, 224, 256, 1e-2, 370_000),
)
MOST_EPOCHS, FEWEST_EPOCHS = 200, 10
SHARE = 0.9
"""Of the images whose shorter side shall be no smaller than the crop: smaller ones are enlarged."""

TEMPLATE = """\
# For {train} training and {validation} validation images of {classes} classes.
# The fields that are not here are as in `flowers`; `vgg experiments show flowers` prints them all.
base = "flowers"
name = "{name}"

[net]
# The paper's nets by letter: A, A-LRN, B, C, D, E. A has the fewest layers, and learns from random weights.
configuration = "{configuration}"
# Each layer has 1/{width} of the paper's channels: 1 for as much as ImageNet, 8 for a thousand images.
width = {width}
# Side of the training crop in pixels, a multiple of {stride}; 224 in the paper. Of the photographs looked at,
# {share:.0%} have a shorter side of {reached} pixels or more.
input_size = {crop}
# classes = N would fix their number. Without it the net has as many as the data.

[training]
# S, the shorter side that a photograph is rescaled to before a crop is cut, is drawn from this range.
smallest_side = {crop}
largest_side = {largest}
# Images in each step; an epoch has {steps} steps.
batch = {batch}
# Goes with the batch. Where it is too high, the loss stays at ln(classes).
learning_rate = {rate}
# About {all_steps} steps. The rate is divided by 10 after the epochs of `drops`, whatever the accuracy does.
most_epochs = {epochs}
drops = [{first_drop}, {second_drop}]

[evaluation]
# Q, the shorter sides in testing and in the pushed model; posteriors are averaged over them.
shorter_sides = [{sides}]
{thresholds}
"""
BOUND = """\
# A model is pushed only if its top-1 error is lower: guessing one of {classes} classes errs in {chance:.1%}.
thresholds = [{{ metric = "top1_error", most = {chance} }}]"""
NO_BOUND = """\
# No bound on the error: every model is pushed.
thresholds = []"""


def proposal(seen: Glance, name: str) -> str:
    """The text of an experiment file.

    Args:
        seen: the data.
        name: of the experiment.

    Raises:
        InputError: the photographs are smaller than any net's crop.
    """
    train = seen.images["train"]
    size = [one for one in SIZES if train >= one.fewest][-1]
    reached = seen.side_that_most_reach(SHARE)
    crop = min(size.crop, reached // STRIDE * STRIDE)
    if not crop:
        raise InputError(
            f"shorter sides: {SHARE:.0%} of the photographs have {reached} pixels or more; expected "
            f"{STRIDE}, the smallest crop of a net; take larger photographs"
        )
    batch = min(size.batch, 2 ** (train.bit_length() - 1))  # an epoch has whole batches, at least one
    epochs = min(max(round(size.steps * batch / train), FEWEST_EPOCHS), MOST_EPOCHS)
    steps = train // batch
    return TEMPLATE.format(
        train=train,
        validation=seen.images["validation"],
        classes=seen.classes or "an unknown number of",
        name=name,
        configuration=size.configuration,
        width=size.width,
        stride=STRIDE,
        share=SHARE,
        reached=reached,
        crop=crop,
        largest=2 * crop,
        steps=steps,
        batch=batch,
        rate=size.learning_rate,
        all_steps=epochs * steps,
        epochs=epochs,
        first_drop=round(0.65 * epochs),
        second_drop=round(0.9 * epochs),
        sides=", ".join(str(crop + crop * eighths // 8) for eighths in (1, 3, 5)),
        thresholds=_thresholds(seen.classes),
    )


def _thresholds(classes: int | None) -> str:
    if classes is None or classes < 2:
        return NO_BOUND
    return BOUND.format(classes=classes, chance=round(1 - 1 / classes, 3))
