"""Whether a generation of data has the classes of a model; what an experiment becomes for it."""

import dataclasses
from dataclasses import dataclass

from components.recipe import TOP1_ERROR, Threshold
from models.errors import InputError
from models.label_space import LabelSpace, compare
from pipeline.experiments.experiment import Experiment


@dataclass(frozen=True)
class Change:
    """Names of classes that only the data have, and that only the model has."""

    added: tuple[str, ...]
    removed: tuple[str, ...]

    def __str__(self) -> str:
        parts = [
            f"{words} {', '.join(names)}"
            for words, names in (("new:", self.added), ("gone:", self.removed))
            if names
        ]
        return "; ".join(parts) or "another number of classes, or classes that cannot be told apart by name"


def change_of_classes(model: LabelSpace, data: LabelSpace, classes: int) -> Change | None:
    """None where data are of a model's classes, in any order.

    Args:
        model: its label space.
        data: theirs; of a class that is not named, empty texts.
        classes: how many the net for these data has.
    """
    try:
        compare(model, data, what="data", do="")
    except InputError:
        pass
    else:
        if classes == len(model.names):
            return None
    return Change(_only(data, model), _only(model, data) if _all_named(data, classes) else ())


def for_generation(entry: Experiment, *, new_last_layer: bool, most_worse: float) -> Experiment:
    """`entry` with a bound against the last blessed model where it has none, and with a new last layer.

    Its name stays: the next generation is compared with what comes of this one.
    """
    evaluation, training = entry.evaluation, entry.config.training
    if not evaluation.against_baseline:
        bound = Threshold(TOP1_ERROR, most_worse=most_worse)
        evaluation = dataclasses.replace(evaluation, thresholds=(*evaluation.thresholds, bound))
    if new_last_layer:
        training = dataclasses.replace(training, new_last_layer=True)
    config = dataclasses.replace(entry.config, training=training)
    return dataclasses.replace(entry, evaluation=evaluation, config=config)


def _only(of: LabelSpace, other: LabelSpace) -> tuple[str, ...]:
    there = set(other.names)
    return tuple(name for name in of.names if name and name not in there)


def _all_named(data: LabelSpace, classes: int) -> bool:
    return len(data.names) == classes and all(data.names)
