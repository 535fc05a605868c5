"""The pipeline: wiring of TFX components, and nothing else. Nothing is read or written here."""

from collections.abc import Mapping
from itertools import chain

from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.beam_options import for_tfx
from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.averager import Averager
from components.evaluation.averaging_plan import BASELINE, averaging_plan, served_average
from components.evaluation.baseline import LastBlessedOfExperiment
from components.evaluation.eval_config import eval_config
from components.evaluation.evaluator import Evaluator
from components.evaluation.last_pushed import LastPushed
from components.evaluation.scorer import Scorer
from components.evaluation.view import View
from components.pushing.exporter import Exporter
from components.recipe import to_json
from pipeline.code_of_nodes import add_code
from pipeline.data_nodes import data_nodes
from pipeline.engine import Engine
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS, Experiment, fused, merged_with
from pipeline.localisation_nodes import box_trainer, localisation_nodes, merged_boxes
from pipeline.metadata_connection import metadata_connection
from pipeline.push_nodes import push_nodes
from pipeline.trainers import Data, trainers_of


def create_pipeline(
    experiment: Experiment,
    environment: Environment,
    experiments: Mapping[str, Experiment] = EXPERIMENTS,
    kept: Mapping[str, str] | None = None,
) -> Pipeline:
    """ExampleGen to Pusher for one experiment in one environment.

    `experiments` are those that it names, as its base models' and as those that it is fused with; `kept` has
    the fingerprints of code, by component, of nets that stay as they were trained
    (pipeline.running.trained_nets).
    """
    data = data_nodes(experiment, environment)
    members = fused(experiment, experiments)
    other = merged_with(experiment, experiments)
    nets = [*members, *([other] if other else [])]
    trainers = trainers_of(nets, environment, data, experiments, kept or {})
    wanted = averaging_plan([(member.weights, member.weights, member.evaluation) for member in members])
    models = {weights: nodes[-1].outputs["model"] for weights, nodes in trainers.items()}
    boxes = box_trainer(experiment, models[experiment.weights], data)
    more = box_trainer(other, models[other.weights], data) if other else None
    merged = merged_boxes(more, other) if more else None
    exporter = _exporter(experiment, models[experiment.weights], boxes, data, merged)
    against_baseline = experiment.evaluation.against_baseline
    baseline = _baseline(experiment, exporter, environment) if against_baseline else None
    if baseline:
        wanted = wanted.with_baseline(BASELINE)
        models[BASELINE] = baseline.outputs["model"]
    scorers = [_scorer(view, models[view.weights], data) for view in wanted.views]
    averager = Averager(
        posteriors=[scorer.outputs["posteriors"] for scorer in scorers],
        statistics=data.statistics,
        averages=to_json(wanted),
        experiment=experiment.name,
    )
    evaluator = Evaluator(
        examples=averager.outputs["predictions"],
        model=exporter.outputs["model"],
        baseline_model=models.get(BASELINE),
        eval_config=eval_config(wanted.names, experiment.evaluation, bless=not experiment.fused_with),
        example_splits=[EVAL_SPLIT],
    )
    evaluation = [exporter, *([baseline] if baseline else []), *scorers, averager, evaluator]
    push = []
    if not experiment.fused_with:
        average = served_average(experiment.evaluation)
        push = push_nodes(exporter, evaluator, averager, average, data.examples, environment)
    add_code(data.nodes, kept)
    located = []
    if boxes:
        found = localisation_nodes(experiment, models[experiment.weights], boxes, averager, data, merged)
        located = [boxes, *([more] if more else []), *found]
    add_code([*evaluation, *push])
    return Pipeline(
        pipeline_name=environment.pipeline_name,
        pipeline_root=str(environment.pipeline_root),
        components=[*data.nodes, *chain(*trainers.values()), *evaluation, *located, *push],
        enable_cache=True,
        metadata_connection_config=metadata_connection(environment),
        beam_pipeline_args=for_tfx(environment.beam),
    )


def _exporter(
    experiment: Experiment,
    model: BaseChannel,
    boxes: BaseNode | None,
    data: Data,
    merged: tuple[BaseChannel, str] | None,
) -> BaseNode:
    """The model localises where a box net was trained, and waits for it."""
    located = {}
    if boxes:
        located["boxes"] = boxes.outputs["model"]
        located["localisation"] = to_json(experiment.localisation.evaluation)
    if merged:
        located["merged_boxes"], located["merged_localisation"] = merged
    return Exporter(
        trained=model,
        examples=data.examples,
        evaluation=to_json(experiment.evaluation),
        experiment=experiment.name,
        **located,
    )


def _scorer(view: View, model: BaseChannel, data: Data) -> BaseNode:
    """Its id is the view's name: each evaluation that needs these forward passes finds them in the cache."""
    scorer = Scorer(
        model=model, examples=data.examples, statistics=data.statistics, view=to_json(view)
    ).with_id(f"Scorer.{view.name}")
    scorer.add_upstream_node(data.gate)
    return scorer


def _baseline(experiment: Experiment, exporter: BaseNode, environment: Environment) -> BaseNode:
    """The last blessed model of this experiment, or nothing."""
    if environment.engine is not Engine.LOCAL:
        return LastPushed(
            candidate=exporter.outputs["model"],
            serving=str(environment.serving),
            experiment=experiment.name,
        )
    return Resolver(
        strategy_class=LastBlessedOfExperiment,
        config={"experiment": experiment.name},
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        candidate=exporter.outputs["model"],
    ).with_id("LastBlessedModel")
