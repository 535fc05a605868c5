"""Reading and writing the files inside TFX artifacts: the one place that knows their names."""

import os
from collections.abc import Iterator

import tensorflow as tf
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils

from components.split_records import records_in

SCHEMA = "schema.pbtxt"


def component_folder(artifact: str) -> str:
    """Of the component that wrote an artifact into ROOT/COMPONENT/KEY/EXECUTION, with or without a slash.

    Not by os.path.normpath, which makes gs:/ of gs://: so training wrote its checkpoints to a folder of that
    name on its own machine, and failed at its end.
    """
    return os.path.dirname(os.path.dirname(artifact.rstrip("/")))


def split_names(artifact: Artifact) -> list[str]:
    """The names of the splits that an artifact holds."""
    return artifact_utils.decode_split_names(artifact.split_names)


def read_statistics(artifact: Artifact, split: str) -> statistics_pb2.DatasetFeatureStatisticsList:
    """StatisticsGen's result for one split."""
    folder = artifact_utils.get_split_uri([artifact], split)
    return tfdv.load_stats_binary(io_utils.get_only_uri_in_dir(folder))


def read_anomalies(artifact: Artifact, split: str) -> anomalies_pb2.Anomalies:
    """ExampleValidator's result for one split."""
    folder = artifact_utils.get_split_uri([artifact], split)
    anomalies = anomalies_pb2.Anomalies()
    with tf.io.gfile.GFile(io_utils.get_only_uri_in_dir(folder), "rb") as file:
        anomalies.ParseFromString(file.read())
    return anomalies


def read_schema(folder: str) -> schema_pb2.Schema:
    """The schema in a Schema artifact's folder."""
    return tfdv.load_schema_text(os.path.join(folder, SCHEMA))


def write_schema(artifact: Artifact, schema: schema_pb2.Schema) -> None:
    """Writes a Schema artifact."""
    tf.io.gfile.makedirs(artifact.uri)
    tfdv.write_schema_text(schema, os.path.join(artifact.uri, SCHEMA))


def read_examples(artifact: Artifact, split: str) -> Iterator[tf.train.Example]:
    """The tf.Examples of one split."""
    for record in records_in(artifact_utils.get_split_uri([artifact], split)):
        yield tf.train.Example.FromString(record)
