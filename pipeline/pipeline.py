"""The pipeline: wiring of TFX components, and nothing else. Nothing is read or written here."""

from collections.abc import Mapping
from itertools import chain

# Not tfx.v1: that imports all of Google Cloud's AI platform, ten seconds for each process.
from tfx import components as tfx_components
from tfx.dsl.components.base.base_node import BaseNode
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import infra_validator_pb2, pusher_pb2, transform_pb2
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.channel_utils import union

from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.evaluation.averager import Averager
from components.evaluation.averaging_plan import BASELINE, averaging_plan, served_average
from components.evaluation.baseline import LastBlessedOfExperiment
from components.evaluation.eval_config import eval_config
from components.evaluation.scorer import Scorer
from components.evaluation.view import View
from components.ingestion.gates import AnomalyGate, UndecodableGate
from components.ingestion.schema import WrittenSchemaGen, statistics_options
from components.ingestion.shard_example_gen import ShardExampleGen
from components.pushing.exporter import Exporter
from components.pushing.infra_validation import InfraValidation
from components.pushing.pusher import Pusher
from components.recipe import to_json
from pipeline.code_of_nodes import add_code
from pipeline.environment import PIPELINE_NAME, Environment
from pipeline.experiments.catalogue import EXPERIMENTS, Experiment, fused
from pipeline.metadata_connection import metadata_connection
from pipeline.trainers import Data, trainers_of

TRIED_PHOTOGRAPHS = 2  # a full-width net takes seconds for each on a CPU
TF_SERVING_TAG = "2.16.1"


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
    data = _data(experiment, environment)
    members = fused(experiment, experiments)
    trainers = trainers_of(members, environment, data, experiments, kept or {})
    wanted = averaging_plan([(member.weights, member.weights, member.evaluation) for member in members])
    models = {weights: nodes[-1].outputs["model"] for weights, nodes in trainers.items()}
    exporter = Exporter(trained=models[experiment.weights], evaluation=to_json(experiment.evaluation))
    baseline = _baseline(experiment, exporter) if experiment.evaluation.against_baseline else None
    if baseline:
        wanted = wanted.with_baseline(BASELINE)
        models[BASELINE] = baseline.outputs["model"]
    scorers = [_scorer(view, models[view.weights], data) for view in wanted.views]
    averager = Averager(
        posteriors=union([scorer.outputs["posteriors"] for scorer in scorers]),
        statistics=data.statistics,
        averages=to_json(wanted),
        experiment=experiment.name,
    )
    evaluator = tfx_components.Evaluator(
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
        push = _push(exporter, evaluator, averager, average, data.examples, environment)
    add_code(data.nodes, kept)
    add_code([*evaluation, *push])
    return Pipeline(
        pipeline_name=PIPELINE_NAME,
        pipeline_root=str(environment.pipeline_root),
        components=[*data.nodes, *chain(*trainers.values()), *evaluation, *push],
        enable_cache=True,
        metadata_connection_config=metadata_connection(environment),
        beam_pipeline_args=list(environment.beam),
    )


def _data(experiment: Experiment, environment: Environment) -> Data:
    example_gen = ShardExampleGen(str(environment.data), copy=environment.copy_data)
    examples = example_gen.outputs["examples"]
    statistics_gen = tfx_components.StatisticsGen(examples, stats_options=statistics_options())
    statistics = statistics_gen.outputs["statistics"]
    schema_gen = WrittenSchemaGen(statistics=statistics, classes=experiment.config.net.classes)
    schema = schema_gen.outputs["schema"]
    validator = tfx_components.ExampleValidator(statistics=statistics, schema=schema)
    anomaly_gate = AnomalyGate(anomalies=validator.outputs["anomalies"])
    transform = tfx_components.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="components.ingestion.transform.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=[TRAIN_SPLIT], transform=[EVAL_SPLIT]),
        disable_statistics=True,
    )
    transform.add_upstream_node(anomaly_gate)
    transform_graph = transform.outputs["transform_graph"]
    undecodable_gate = UndecodableGate(
        transform_graph=transform_graph,
        transformed_examples=transform.outputs["transformed_examples"],
        most_undecodable=experiment.most_undecodable,
    )
    nodes = [example_gen, statistics_gen, schema_gen, validator, anomaly_gate, transform, undecodable_gate]
    return Data(nodes, examples, statistics, schema, transform_graph, undecodable_gate)


def _scorer(view: View, model: BaseChannel, data: Data) -> BaseNode:
    """Its id is the view's name: each evaluation that needs these forward passes finds them in the cache."""
    scorer = Scorer(
        model=model, examples=data.examples, statistics=data.statistics, view=to_json(view)
    ).with_id(f"Scorer.{view.name}")
    scorer.add_upstream_node(data.gate)
    return scorer


def _baseline(experiment: Experiment, exporter: BaseNode) -> BaseNode:
    """The last blessed model of this experiment, or nothing."""
    return Resolver(
        strategy_class=LastBlessedOfExperiment,
        config={"experiment": experiment.name},
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        candidate=exporter.outputs["model"],
    ).with_id("LastBlessedModel")


def _push(
    exporter: BaseNode,
    evaluator: BaseNode,
    averager: BaseNode,
    average: str,
    examples: BaseChannel,
    environment: Environment,
) -> list[BaseNode]:
    """A server on this machine or in Docker tries the model, and then it is pushed."""
    model, blessing = exporter.outputs["model"], evaluator.outputs["blessing"]
    if environment.docker:
        validation = _docker_validation(model, examples)
    else:
        validation = InfraValidation(
            model=model,
            model_blessing=blessing,
            examples=examples,
            predictions=averager.outputs["predictions"],
            photographs=TRIED_PHOTOGRAPHS,
            average=average,
        )
    pusher = Pusher(
        model=model,
        model_blessing=blessing,
        infra_blessing=validation.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(environment.serving))
        ),
    )
    return [validation, pusher]


def _docker_validation(model: BaseChannel, examples: BaseChannel) -> BaseNode:
    """TFX's own, with TF Serving's image of the TensorFlow version that exports the model."""
    return tfx_components.InfraValidator(
        model=model,
        examples=examples,
        serving_spec=infra_validator_pb2.ServingSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServing(tags=[TF_SERVING_TAG]),
            local_docker=infra_validator_pb2.LocalDockerConfig(),
        ),
        request_spec=infra_validator_pb2.RequestSpec(
            tensorflow_serving=infra_validator_pb2.TensorFlowServingRequestSpec(signature_names=["examples"]),
            split_name=EVAL_SPLIT,
            num_examples=TRIED_PHOTOGRAPHS,
        ),
    )
