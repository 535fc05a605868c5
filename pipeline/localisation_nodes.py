"""The nodes of an experiment that localises (appendix A): the box net's Trainer, the boxes, their errors."""

# Not tfx.v1: that imports all of Google Cloud's AI platform, ten seconds for each process.
from tfx import components as tfx_components
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.localisation.box_recipe import BoxTrainerConfig
from components.localisation.evaluator import LocalisationEvaluator
from components.localisation.localiser import Localiser
from components.recipe import to_json
from components.training.trainer import CODE, CONFIG
from pipeline.code_of_nodes import BOXES, add_code, training_code
from pipeline.experiments.experiment import Experiment
from pipeline.trainers import Data, what_it_reads


def box_trainer(experiment: Experiment, model: BaseChannel, data: Data) -> BaseNode | None:
    """The Trainer of the box net, which begins from `model`; None where the experiment does not localise."""
    wanted = experiment.localisation
    if not wanted:
        return None
    config = BoxTrainerConfig(experiment.config.net, wanted.training, wanted.regression)
    return tfx_components.Trainer(
        run_fn=BOXES,
        **what_it_reads(data, data.examples, model),
        custom_config={CONFIG: to_json(config), CODE: training_code(BOXES)},
    ).with_id(f"Trainer.{experiment.weights}.boxes")  # with a Trainer's resources on an engine


def merged_boxes(trainer: BaseNode, other: Experiment) -> tuple[BaseChannel, str]:
    """Another experiment's box net, and its test as JSON: boxes that are merged with one's own."""
    return trainer.outputs["model"], to_json(other.localisation.evaluation)


def localisation_nodes(
    experiment: Experiment,
    model: BaseChannel,
    trainer: BaseNode,
    averager: BaseNode,
    data: Data,
    merged: tuple[BaseChannel, str] | None = None,
) -> list[BaseNode]:
    """What finds boxes and what evaluates them.

    Args:
        experiment: says how; it localises.
        model: the trained classification net, which rates the boxes.
        trainer: of the box net.
        averager: its predictions' five best classes get boxes.
        data: what the images are read from.
        merged: merged_boxes'.
    """
    more = dict(zip(("merged_boxes", "merged_evaluation"), merged, strict=True)) if merged else {}
    localiser = Localiser(
        examples=data.examples,
        model=model,
        boxes=trainer.outputs["model"],
        predictions=averager.outputs["predictions"],
        evaluation=to_json(experiment.localisation.evaluation),
        **more,
    ).with_id(f"Localiser.{experiment.weights}")
    evaluator = LocalisationEvaluator(
        localisations=localiser.outputs["localisations"],
        statistics=data.statistics,
        experiment=experiment.name,
    )
    add_code([localiser, evaluator])
    return [localiser, evaluator]
