"""The pipeline: wiring of TFX components, and nothing else. Nothing is read or written here."""

from dataclasses import dataclass

from tfx import v1 as tfx
from tfx.dsl.components.base.base_node import BaseNode
from tfx.types import BaseChannel

from components.data_gate import AnomalyGate, UndecodableGate
from components.data_schema import WrittenSchemaGen, statistics_options
from components.evaluator import eval_config
from components.exporter import Exporter
from components.features import TRAIN_SHARDS, VALIDATION_SHARDS
from components.recipe import to_json
from components.trainer import BASE, CONFIG
from pipeline.environment import PIPELINE_NAME, Environment
from pipeline.experiments import EXPERIMENTS, Experiment, chain

BEAM_ARGUMENTS = ["--direct_running_mode=in_memory", "--direct_num_workers=1"]


@dataclass(frozen=True)
class _Data:
    """Outputs of the components that read the data, and the gate that training waits for."""

    nodes: list[BaseNode]
    examples: BaseChannel
    schema: BaseChannel
    transform_graph: BaseChannel
    gate: BaseNode


def create_pipeline(experiment: Experiment, environment: Environment) -> tfx.dsl.Pipeline:
    """ExampleGen to Pusher for one experiment in one environment."""
    data = _data(experiment, environment)
    trainers = _trainers(experiment, environment, data)
    exporter = Exporter(trained=trainers[-1].outputs["model"], evaluation=to_json(experiment.evaluation))
    evaluator = tfx.components.Evaluator(
        examples=data.examples,
        model=exporter.outputs["model"],
        eval_config=eval_config(experiment.evaluation),
        example_splits=["eval"],
    )
    pusher = tfx.components.Pusher(
        model=exporter.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(environment.serving))
        ),
    )
    return tfx.dsl.Pipeline(
        pipeline_name=PIPELINE_NAME,
        pipeline_root=str(environment.pipeline_root),
        components=[*data.nodes, *trainers, exporter, evaluator, pusher],
        enable_cache=True,
        metadata_connection_config=environment.metadata_connection(),
        beam_pipeline_args=BEAM_ARGUMENTS,
    )


def _data(experiment: Experiment, environment: Environment) -> _Data:
    example_gen = tfx.components.ImportExampleGen(str(environment.data), input_config=_splits())
    examples = example_gen.outputs["examples"]
    statistics_gen = tfx.components.StatisticsGen(examples, stats_options=statistics_options())
    statistics = statistics_gen.outputs["statistics"]
    schema_gen = WrittenSchemaGen(statistics=statistics, classes=experiment.config.net.classes)
    schema = schema_gen.outputs["schema"]
    validator = tfx.components.ExampleValidator(statistics=statistics, schema=schema)
    anomaly_gate = AnomalyGate(anomalies=validator.outputs["anomalies"])
    transform = tfx.components.Transform(
        examples=examples,
        schema=schema,
        preprocessing_fn="components.transform.preprocessing_fn",
        splits_config=tfx.proto.SplitsConfig(analyze=["train"], transform=["eval"]),
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
    return _Data(nodes, examples, schema, transform_graph, undecodable_gate)


def _trainers(experiment: Experiment, environment: Environment, data: _Data) -> list[BaseNode]:
    """A Trainer for each net of the chain, each the base model of the next.

    Its id is the trained net's name: another experiment that needs this net finds it in TFX's cache. A
    model to start from replaces all but the last.
    """
    stages = [experiment] if environment.init_from else chain(experiment, EXPERIMENTS)
    trainers: list[BaseNode] = []
    for stage in stages:
        trainer = tfx.components.Trainer(
            run_fn="components.trainer.run_fn",
            examples=data.examples,
            transform_graph=data.transform_graph,
            schema=data.schema,
            base_model=trainers[-1].outputs["model"] if trainers else None,
            train_args=tfx.proto.TrainArgs(splits=["train"]),
            eval_args=tfx.proto.EvalArgs(splits=["eval"]),
            custom_config={CONFIG: to_json(stage.config), BASE: str(environment.init_from or "")},
        ).with_id(f"Trainer.{stage.weights}")
        trainer.add_upstream_node(data.gate)
        trainers.append(trainer)
    return trainers


def _splits() -> tfx.proto.Input:
    return tfx.proto.Input(
        splits=[
            tfx.proto.Input.Split(name="train", pattern=TRAIN_SHARDS),
            tfx.proto.Input.Split(name="eval", pattern=VALIDATION_SHARDS),
        ]
    )
