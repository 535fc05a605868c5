"""The nodes that read the data: from ExampleGen to the gates, the same for every experiment on them."""

# Not tfx.v1: that imports all of Google Cloud's AI platform, ten seconds for each process.
from tfx import components as tfx_components
from tfx.proto import transform_pb2

from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.ingestion.gates import AnomalyGate, UndecodableGate
from components.ingestion.schema import WrittenSchemaGen, statistics_options
from components.ingestion.shard_example_gen import ShardExampleGen
from pipeline.environment import Environment
from pipeline.experiments.catalogue import Experiment
from pipeline.run_time_values import data_folder
from pipeline.trainers import Data


def data_nodes(experiment: Experiment, environment: Environment) -> Data:
    """In the order in which they run; another experiment on the same data finds their work in the cache."""
    example_gen = ShardExampleGen(data_folder(environment), copy=environment.copies_data)
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
