"""What a generation's training begins from: the served model's layers, or the experiment's own start."""

from dataclasses import dataclass

from components.datasets.shards import VALIDATION, find_shards, listed_label_space
from components.evaluation.data_labels import read_labels
from components.evaluation.last_pushed import newest_of
from models.label_space import LabelSpace
from pipeline.continuous.classes import Change, change_of_classes
from pipeline.environment import Environment
from pipeline.experiments.experiment import Experiment
from serving.saved_model.description import describe

SERVED, OWN = "served", "own"
"""What --start says."""


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Attributes:
        folder: of the model whose layers are taken; "" for the experiment's own start.
        new_last_layer: whether the last layer has random weights all the same.
        change: of the classes against the served model; None where they are the same or nothing is served.
        words: the same for people.
        served: folder of the model that is served now; "" where there is none.
    """

    folder: str
    new_last_layer: bool
    change: Change | None
    words: str
    served: str


def start_of(
    entry: Experiment, environment: Environment, how: str, *, given: str = "", begun: str | None = None
) -> Start:
    """The start of a generation's training.

    Args:
        entry: the experiment, for the classes of the data.
        environment: `data` is the generation's folder.
        how: SERVED or OWN.
        given: folder of a model that every generation begins from in place of both (VGG_INIT_FROM).
        begun: what the same run began from when it was killed; None where it was not.

    Raises:
        InputError: the labels of the data cannot be read.
    """
    served = newest_of(str(environment.serving), entry.name) or ""
    folder = given or (served if how == SERVED else "")
    if begun is not None:
        folder = begun
    data = _classes_of(environment)
    count = entry.config.net.classes
    change = _change(served, data, count)
    differs = change if folder == served else _change(folder, data, count)
    new_last_layer = bool(folder and differs) or entry.config.training.new_last_layer
    return Start(folder, new_last_layer, change, _words(folder, new_last_layer), served)


def _change(model: str, data: LabelSpace, classes: int) -> Change | None:
    return change_of_classes(describe(model)[1].label_space, data, classes) if model else None


def _classes_of(environment: Environment) -> LabelSpace:
    """As `vgg data` listed them, or else as the validation records have them."""
    folder = str(environment.data)
    listed = listed_label_space(folder)
    return listed or read_labels(find_shards(folder, VALIDATION), f"data folder {folder}").classes


def _words(folder: str, new_last_layer: bool) -> str:
    if not folder:
        return "the experiment's own start"
    return f"{'all layers but the last' if new_last_layer else 'all layers'} of {folder}"
