"""Experiments that train the net of the model that they start from, whichever that is."""

import dataclasses

from components.recipe import TrainedLayers
from models.net import Net
from pipeline.experiments.experiment import Experiment


def note_on_base(written: Experiment, taken: Experiment) -> str:
    """One line where S or Q is not what the experiment says, as the base model's crop is another; "" else."""
    before, now = _sides(written), _sides(taken)
    if before == now:
        return ""
    return (
        f"{now}: the experiment's {before} are for crops of {written.config.net.input_size} pixels, and the "
        f"model to start from has {taken.config.net.input_size}"
    )


def _sides(entry: Experiment) -> str:
    smallest, largest = entry.config.training.scales
    sides = ", ".join(map(str, entry.evaluation.shorter_sides))
    q = f"Q = {sides}"
    if entry.config.training.trained_layers is TrainedLayers.SVM:
        return q
    return f"S = {smallest}" + (f" to {largest}" if largest > smallest else "") + f", {q}"


def with_net_of_base(entry: Experiment, base: Net) -> Experiment:
    """`entry` for the configuration, width and crop of a base model, with as many classes as before.

    S and Q keep their ratio to the crop: of a net of crops of 64 pixels, 256 becomes 73, as in the
    miniatures of the paper's tables.
    """
    written = entry.config
    net = dataclasses.replace(base, classes=written.net.classes)

    def scaled(side: int) -> int:
        return max(round(side * net.input_size / written.net.input_size), net.input_size)

    training = dataclasses.replace(
        written.training,
        smallest_side=scaled(written.training.smallest_side),
        largest_side=scaled(written.training.largest_side),
    )
    sides = tuple(scaled(side) for side in entry.evaluation.shorter_sides)
    return dataclasses.replace(
        entry,
        config=dataclasses.replace(written, net=net, training=training),
        evaluation=dataclasses.replace(entry.evaluation, shorter_sides=sides),
    )
