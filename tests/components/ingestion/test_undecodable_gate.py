"""Images that do not decode: below a limit they are printed, above it they end the run."""

import os
from collections.abc import Sequence

import apache_beam as beam
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from helpers.checked_data import artifact_at, labelled_examples
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx.types import artifact_utils, standard_artifacts
from tfx_bsl.public.tfxio import TFExampleBeamRecord

from components.datasets.layouts import TFDS
from components.ingestion import transform
from components.ingestion.gates import UndecodableGate
from components.ingestion.schema import written_schema
from models.errors import InputError

BEAM = PipelineOptions(["--direct_running_mode=in_memory", "--direct_num_workers=1"])

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def transform_graph(tmp_path_factory):
    """Transform's result for ten training images, of which one does not decode."""
    folder = tmp_path_factory.mktemp("graph")
    examples = labelled_examples(TFDS, [0] * 10)
    examples[7].features.feature["image"].bytes_list.value[0] = b"no image"
    schema = written_schema(TFDS, 2, frozenset())
    source = TFExampleBeamRecord(physical_format="inmem", schema=schema, telemetry_descriptors=["tests"])
    with beam.Pipeline(options=BEAM) as pipeline, tft_beam.Context(temp_dir=str(folder / "temporary")):
        records = pipeline | beam.Create([example.SerializeToString() for example in examples])
        data = records | source.BeamSource()
        function = (data, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(transform.preprocessing_fn)
        _ = function | tft_beam.WriteTransformFn(str(folder / "graph"))
        raw = str(folder / "graph" / tft.TFTransformOutput.RAW_METADATA_DIR)
        _ = DatasetMetadata(schema) | tft_beam.WriteMetadata(raw, pipeline)
    return artifact_at(standard_artifacts.TransformGraph, folder / "graph")


@pytest.fixture
def undecodable_gate(tmp_path, transform_graph):
    """The gate's verdict for evaluation images that decode or not, 1 or 0."""

    def undecodable_gate(decodable: Sequence[int], limit: float) -> str:
        examples = artifact_at(standard_artifacts.Examples, tmp_path / "examples", ["eval"])
        folder = artifact_utils.get_split_uri([examples], "eval")
        os.makedirs(folder)
        with tf.io.TFRecordWriter(os.path.join(folder, "data-00000-of-00001.gz"), "GZIP") as writer:
            for number, flag in enumerate(decodable):
                example = tf.train.Example()
                example.features.feature["decodable"].int64_list.value.append(flag)
                example.features.feature["filename"].bytes_list.value.append(b"held_out_%d.JPEG" % number)
                writer.write(example.SerializeToString())
        verdict = artifact_at(standard_artifacts.String, tmp_path / "verdict")
        UndecodableGate.test_call(
            transform_graph=transform_graph,
            transformed_examples=examples,
            verdict=verdict,
            most_undecodable=limit,
        )
        return verdict.read()

    return undecodable_gate


def test_undecodable_images_below_the_limit_are_printed(undecodable_gate, capsys):
    verdict = undecodable_gate([1, 0, 1, 1, 1, 1, 1, 1, 1, 1], 0.1)
    lines = [
        "train split: 1 of 10 images do not decode: 7.JPEG",
        "eval split: 1 of 10 images do not decode: held_out_1.JPEG",
    ]
    assert verdict.splitlines() == lines
    assert capsys.readouterr().out.splitlines() == lines


@pytest.mark.parametrize(("decodable", "limit"), [([1] * 10, 0.09), ([1, 0, 0, *[1] * 7], 0.1), ([0], 0.5)])
def test_undecodable_images_above_the_limit_of_one_split_fail_and_are_named(
    undecodable_gate, decodable, limit
):
    with pytest.raises(InputError) as caught:
        undecodable_gate(decodable, limit)
    message = str(caught.value)
    assert "\n" not in message
    assert "train split: 1 of 10 images do not decode: 7.JPEG" in message
    for number, flag in enumerate(decodable):
        assert (f"held_out_{number}.JPEG" in message) == (not flag)
    assert f"allows {limit:.0%}"[:-1] in message
    assert "mend or remove" in message


def test_many_undecodable_images_are_one_readable_line(undecodable_gate):
    with pytest.raises(InputError, match=r"held_out_\d+\.JPEG and 80 more") as caught:
        undecodable_gate([0] * 100, 0.5)
    assert len(str(caught.value)) < 1000
