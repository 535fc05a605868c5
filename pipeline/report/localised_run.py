"""What ML Metadata knows of how an experiment's evaluation was localised (appendix A)."""

import json
from dataclasses import dataclass

from components.localisation.box_recipe import BoxEvaluation, BoxTrainerConfig
from components.recipe import from_json
from components.training.trainer import CONFIG
from pipeline.report.lineage import Execution, Lineage

EVALUATIONS = ("evaluation", "merged_evaluation")
"""Of the Localiser's parameters those that say at which Q a box net looked."""


@dataclass(frozen=True)
class LocalisedRun:
    """One experiment's localisation.

    Attributes:
        boxes: folder of the Localiser's records.
        evaluation: folder of TFMA's result.
        shorter_sides: the Q of each box net, pixels.
        config: of the (first) box net's training, or None where it is of another version of this project.
    """

    boxes: str
    evaluation: str
    shorter_sides: tuple[tuple[int, ...], ...]
    config: BoxTrainerConfig | None


def localised_run(lineage: Lineage, predictions: int) -> LocalisedRun | None:
    """The newest localisation of the five best classes that an Averager's artifact has; None without one."""
    found = None
    for evaluator in lineage.of_type("LocalisationEvaluator"):
        records = evaluator.inputs.get("localisations")
        localiser = lineage.producer(records[0]) if records else None
        if localiser and predictions in localiser.inputs.get("predictions", ()):
            found = LocalisedRun(
                boxes=f"{lineage.uri(records[0])}/Split-eval",
                evaluation=lineage.uri(evaluator.outputs["localisation"][0]),
                shorter_sides=_shorter_sides(localiser),
                config=_config(lineage, localiser),
            )
    return found


def _shorter_sides(localiser: Execution) -> tuple[tuple[int, ...], ...]:
    texts = (localiser.text(name) for name in EVALUATIONS)
    return tuple(from_json(BoxEvaluation, text).shorter_sides for text in texts if text)


def _config(lineage: Lineage, localiser: Execution) -> BoxTrainerConfig | None:
    trainer = lineage.producer(localiser.inputs["boxes"][0])
    try:
        return from_json(BoxTrainerConfig, json.loads(trainer.text("custom_config"))[CONFIG])
    except (AttributeError, TypeError, ValueError, KeyError):
        return None
