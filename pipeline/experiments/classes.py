"""As many classes as the data have: an experiment fixes their number only where its file or VGG_SET does."""

import dataclasses
from collections.abc import Iterable, Mapping

from components.recipe import TrainerConfig
from pipeline.experiments.catalogue import chain, fused, merged_with
from pipeline.experiments.experiment import Experiment


def with_classes_of_data(
    names: Iterable[str], experiments: Mapping[str, Experiment], there: int | None
) -> dict[str, Experiment]:
    """`experiments`, those of `names`, with all nets that they are made of, for the data.

    Args:
        names: of the experiments to run.
        experiments: by name.
        there: classes of the data; None where the data do not tell: each experiment's own number counts.
    """
    found = dict(experiments)
    for name in names:
        entry = experiments[name]
        fixed = entry.fixes_classes or there is None
        classes = entry.config.net.classes if fixed else there
        other = merged_with(entry, experiments)
        for member in (*fused(entry, experiments), *([other] if other else [])):
            for stage in chain(member, experiments):
                config = with_classes(stage.config, classes)
                found[stage.name] = dataclasses.replace(found[stage.name], config=config)
    return found


def note_on_classes(written: Experiment, taken: Experiment, there: int | None) -> str:
    """One line where the net's number of classes is not the one that the experiment was written for, or where
    nothing but the experiment says it; "" else.
    """
    classes = taken.config.net.classes
    if there is None and not written.fixes_classes:
        return (
            f"Classes: {classes}, as experiment {written.name} has; the data do not tell how many they have; "
            "VGG_SET=net.classes=N sets another number"
        )
    if classes != written.config.net.classes:
        return f"Classes: {classes}, as the data have; experiment {written.name} is written for " + str(
            written.config.net.classes
        )
    return ""


def with_classes(config: TrainerConfig, classes: int) -> TrainerConfig:
    """The same net and training for so many classes."""
    return dataclasses.replace(config, net=dataclasses.replace(config.net, classes=classes))
