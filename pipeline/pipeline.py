"""The pipeline: wiring of TFX components, and nothing else. Nothing is read or written here."""

import tensorflow_model_analysis as tfma
from tfx import v1 as tfx
from tfx.orchestration import metadata

from components.data_gate import AnomalyGate, UndecodableGate
from components.data_schema import WrittenSchemaGen, statistics_options
from components.evaluator import eval_config
from components.features import TRAIN_SHARDS, VALIDATION_SHARDS
from components.trainer import CONFIG
from pipeline.environment import PIPELINE_NAME, Environment
from pipeline.experiments import Experiment

BEAM_ARGUMENTS = ["--direct_running_mode=in_memory", "--direct_num_workers=1"]


def create_pipeline(experiment: Experiment, environment: Environment) -> tfx.dsl.Pipeline:
    """ExampleGen to Pusher for one experiment in one environment."""
    config = experiment.config
    example_gen = tfx.components.ImportExampleGen(str(environment.data), input_config=_splits())
    statistics_gen = tfx.components.StatisticsGen(
        example_gen.outputs["examples"], stats_options=statistics_options()
    )
    schema_gen = WrittenSchemaGen(statistics=statistics_gen.outputs["statistics"], classes=config.net.classes)
    validator = tfx.components.ExampleValidator(
        statistics=statistics_gen.outputs["statistics"], schema=schema_gen.outputs["schema"]
    )
    anomaly_gate = AnomalyGate(anomalies=validator.outputs["anomalies"])
    transform = tfx.components.Transform(
        examples=example_gen.outputs["examples"],
        schema=schema_gen.outputs["schema"],
        preprocessing_fn="components.transform.preprocessing_fn",
        splits_config=tfx.proto.SplitsConfig(analyze=["train"], transform=["eval"]),
        disable_statistics=True,
    )
    transform.add_upstream_node(anomaly_gate)
    undecodable_gate = UndecodableGate(
        transform_graph=transform.outputs["transform_graph"],
        transformed_examples=transform.outputs["transformed_examples"],
        most_undecodable=experiment.most_undecodable,
    )
    trainer = tfx.components.Trainer(
        run_fn="components.trainer.run_fn",
        examples=example_gen.outputs["examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema_gen.outputs["schema"],
        train_args=tfx.proto.TrainArgs(splits=["train"]),
        eval_args=tfx.proto.EvalArgs(splits=["eval"]),
        custom_config={CONFIG: config.to_json()},
    )
    trainer.add_upstream_node(undecodable_gate)
    evaluator = _evaluator(example_gen, trainer, eval_config(config.evaluation))
    pusher = tfx.components.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(environment.serving))
        ),
    )
    return tfx.dsl.Pipeline(
        pipeline_name=PIPELINE_NAME,
        pipeline_root=str(environment.pipeline_root),
        components=[
            example_gen,
            statistics_gen,
            schema_gen,
            validator,
            anomaly_gate,
            transform,
            undecodable_gate,
            trainer,
            evaluator,
            pusher,
        ],
        enable_cache=True,
        metadata_connection_config=metadata.sqlite_metadata_connection_config(str(environment.metadata)),
        beam_pipeline_args=BEAM_ARGUMENTS,
    )


def _splits() -> tfx.proto.Input:
    return tfx.proto.Input(
        splits=[
            tfx.proto.Input.Split(name="train", pattern=TRAIN_SHARDS),
            tfx.proto.Input.Split(name="eval", pattern=VALIDATION_SHARDS),
        ]
    )


def _evaluator(example_gen, trainer, config: tfma.EvalConfig) -> tfx.components.Evaluator:
    return tfx.components.Evaluator(
        examples=example_gen.outputs["examples"],
        model=trainer.outputs["model"],
        eval_config=config,
        example_splits=["eval"],
    )
