"""Bad examples stop the run before training: TFRecords -> TFDV statistics -> written schema -> the gates."""

import io
import os
from collections.abc import Sequence

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.options.pipeline_options import PipelineOptions
from PIL import Image
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata
from tfx.types import artifact_utils, standard_artifacts
from tfx_bsl.public.tfxio import TFExampleBeamRecord

from components import artifact_files
from components.datasets.layouts import IMAGENET, TFDS, Layout
from components.ingestion import transform
from components.ingestion.gates import AnomalyGate, UndecodableGate
from components.ingestion.schema import WrittenSchemaGen, statistics_options, written_schema
from models.errors import InputError

BEAM = PipelineOptions(["--direct_running_mode=in_memory", "--direct_num_workers=1"])

pytestmark = pytest.mark.beam
CLASSES = 3


def _jpeg(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 9, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def _examples(layout: Layout, labels: Sequence[int]) -> list[tf.train.Example]:
    examples = []
    for number, label in enumerate(labels):
        example = tf.train.Example()
        feature = example.features.feature
        feature[layout.image].bytes_list.value.append(_jpeg(number))
        feature[layout.label].int64_list.value.append(label)
        feature[layout.filename].bytes_list.value.append(b"%d.JPEG" % number)
        if layout is IMAGENET:
            feature[layout.class_text].bytes_list.value.append(b"a class")
            feature["image/object/bbox/xmin"].float_list.value.extend([0.1] * number)
            feature["image/height"].int64_list.value.append(12)
        examples.append(example)
    return examples


def _statistics(folder, examples: Sequence[tf.train.Example]):
    folder.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "records")) as writer:
        for example in examples:
            writer.write(example.SerializeToString())
    return tfdv.generate_statistics_from_tfrecord(
        str(folder / "records"),
        output_path=str(folder / "statistics"),
        stats_options=statistics_options(),
        pipeline_options=BEAM,
    )


def _artifact(kind, folder, splits: Sequence[str] = ()):
    artifact = kind()
    artifact.uri = str(folder)
    if splits:
        artifact.split_names = artifact_utils.encode_split_names(list(splits))
    return artifact


def _write_splits(artifact, name: str, protos: dict) -> None:
    for split, proto in protos.items():
        folder = artifact_utils.get_split_uri([artifact], split)
        os.makedirs(folder)
        with open(os.path.join(folder, name), "wb") as file:
            file.write(proto.SerializeToString())


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """Statistics of good training splits, by layout."""
    folder = tmp_path_factory.mktemp("clean")
    return {
        IMAGENET: _statistics(folder / "imagenet", _examples(IMAGENET, [1, 2, 3, 1])),
        TFDS: _statistics(folder / "tfds", _examples(TFDS, [0, 1, 2, 0])),
    }


@pytest.fixture
def gate(tmp_path):
    """Does what the pipeline does from StatisticsGen's output on; returns the gate's verdict."""

    def gate(train, held_out, classes: int = CLASSES) -> str:
        splits = {"train": train, "eval": held_out}
        statistics = _artifact(standard_artifacts.ExampleStatistics, tmp_path / "statistics", splits)
        _write_splits(statistics, "FeatureStats.pb", splits)
        schema = _artifact(standard_artifacts.Schema, tmp_path / "schema")
        WrittenSchemaGen.test_call(statistics=statistics, schema=schema, classes=classes)
        written = artifact_files.read_schema(schema.uri)
        # As ExampleValidator's executor does.
        found = {split: tfdv.validate_statistics(value, written) for split, value in splits.items()}
        anomalies = _artifact(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies", splits)
        _write_splits(anomalies, "SchemaDiff.pb", found)
        verdict = _artifact(standard_artifacts.String, tmp_path / "verdict")
        AnomalyGate.test_call(anomalies=anomalies, verdict=verdict)
        return verdict.read()

    return gate


def _message(gate, *statistics) -> str:
    with pytest.raises(InputError) as caught:
        gate(*statistics)
    message = str(caught.value)
    assert "\n" not in message
    assert "Nothing was trained" in message
    return message


@pytest.mark.parametrize("layout", [IMAGENET, TFDS], ids=["imagenet", "tfds"])
def test_classes_that_no_label_reaches_are_counted_in_a_line(gate, clean, capfd, layout):
    gate(clean[layout], clean[layout], classes=5)
    last = layout.first_label + 4
    assert capfd.readouterr().out == (
        f"train split: the largest {layout.label} is {last - 2}, and the net has 5 classes, to {last}: "
        "2 have no training image; VGG_SET=net.classes=N sets another number\n"
    )


@pytest.mark.parametrize("layout", [IMAGENET, TFDS], ids=["imagenet", "tfds"])
def test_clean_data_pass(gate, clean, capfd, layout):
    assert gate(clean[layout], clean[layout]) == "no anomalies"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("layout", [IMAGENET, TFDS], ids=["imagenet", "tfds"])
def test_fewer_classes_than_were_found(gate, clean, layout):
    message = _message(gate, clean[layout], clean[layout], CLASSES - 1)
    assert f"train split, {layout.label}: " in message
    assert f"eval split, {layout.label}: " in message


@pytest.mark.parametrize(
    ("layout", "label"),
    [(IMAGENET, 0), (IMAGENET, 4), (TFDS, 3), (TFDS, -1)],
    ids=lambda value: str(value)[:8],
)
def test_a_label_out_of_range(gate, clean, tmp_path, layout, label):
    message = _message(gate, clean[layout], _statistics(tmp_path / "bad", _examples(layout, [1, 2, label])))
    assert f"eval split, {layout.label}: Out-of-range values" in message
    assert str(label) in message.split("Out-of-range")[1]
    assert "train split" not in message


@pytest.mark.parametrize("whole", [False, True])
def test_boxes_are_of_numbers_and_may_reach_beyond_the_image(gate, clean, tmp_path, whole):
    """Training cuts them off; whole numbers would be pixels."""
    examples = _examples(TFDS, [0, 1, 2])
    examples[1].features.feature["objects/bbox"].float_list.value.extend([0.5, -0.1, 1.5, 0.2])
    examples[1].features.feature["objects/label"].int64_list.value.append(1)
    train = _statistics(tmp_path / "train", examples)
    if not whole:
        assert gate(train, clean[TFDS]) == "no anomalies"
        return
    examples[1].features.feature["objects/bbox"].int64_list.value.extend([10, 20, 30, 40])
    message = _message(gate, train, _statistics(tmp_path / "held_out", examples))
    assert "eval split, objects/bbox: Unexpected data type" in message


@pytest.mark.parametrize("layout", [IMAGENET, TFDS], ids=["imagenet", "tfds"])
def test_two_labels_in_one_example(gate, clean, tmp_path, layout):
    examples = _examples(layout, [1, 2, 1])
    examples[1].features.feature[layout.label].int64_list.value.append(2)
    message = _message(gate, clean[layout], _statistics(tmp_path / "bad", examples))
    assert f"eval split, {layout.label}: " in message
    assert "shape" in message


@pytest.mark.parametrize("key", IMAGENET.required)
@pytest.mark.parametrize("missing_in", [1, 3])
def test_a_key_that_some_or_all_examples_miss(gate, clean, tmp_path, key, missing_in):
    examples = _examples(IMAGENET, [1, 2, 1])
    for example in examples[:missing_in]:
        del example.features.feature[key]
    message = _message(gate, _statistics(tmp_path / "bad", examples), clean[IMAGENET])
    assert f"train split, {key}: " in message
    assert ("actual = 0.666667" if missing_in == 1 else "Column dropped") in message
    assert "eval split" not in message


def test_another_layout_in_the_other_split(gate, clean):
    message = _message(gate, clean[IMAGENET], clean[TFDS])
    assert "eval split, image/encoded: " in message
    assert "eval split, image/class/label: " in message


def test_an_empty_validation_split(gate, clean, tmp_path):
    with pytest.raises(InputError, match="eval split: no examples"):
        gate(clean[TFDS], _statistics(tmp_path / "bad", []))


@pytest.mark.parametrize("examples", [[], [tf.train.Example()]], ids=["no example", "no key"])
def test_a_training_split_without_examples_or_keys(gate, clean, tmp_path, examples):
    """TFDV does not count an example without any key."""
    with pytest.raises(InputError, match="train split: no examples"):
        gate(_statistics(tmp_path / "bad", examples), clean[TFDS])


def test_statistics_hold_no_photographs_and_no_keys_that_are_not_used(clean):
    for layout, statistics in clean.items():
        assert _jpeg(0)[20:60] not in statistics.SerializeToString()
        (dataset,) = statistics.datasets
        keys = {feature.path.step[0] for feature in dataset.features}
        beside = {layout.class_text, "image/object/bbox/xmin"} if layout is IMAGENET else set()
        assert keys == {*layout.required, *beside}


@pytest.mark.parametrize(("layout", "range_"), [(IMAGENET, (1, 1000)), (TFDS, (0, 999))])
def test_labels_of_imagenets_thousand_classes(layout, range_):
    schema = written_schema(layout, 1000, frozenset())
    (domain,) = [feature.int_domain for feature in schema.feature if feature.name == layout.label]
    assert (domain.min, domain.max) == range_


def test_an_anomaly_of_the_data_set_as_a_whole_is_reported(tmp_path):
    anomalies = _artifact(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies", ["train"])
    found = anomalies_pb2.Anomalies()
    found.dataset_anomaly_info.description = "too few examples"
    _write_splits(anomalies, "SchemaDiff.pb", {"train": found})
    verdict = _artifact(standard_artifacts.String, tmp_path / "verdict")
    with pytest.raises(InputError, match="train split, data set: too few examples"):
        AnomalyGate.test_call(anomalies=anomalies, verdict=verdict)


@pytest.fixture(scope="module")
def transform_graph(tmp_path_factory):
    """Transform's result for ten training images, of which one does not decode."""
    folder = tmp_path_factory.mktemp("graph")
    examples = _examples(TFDS, [0] * 10)
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
    return _artifact(standard_artifacts.TransformGraph, folder / "graph")


@pytest.fixture
def undecodable_gate(tmp_path, transform_graph):
    """The gate's verdict for evaluation images that decode or not, 1 or 0."""

    def undecodable_gate(decodable: Sequence[int], limit: float) -> str:
        examples = _artifact(standard_artifacts.Examples, tmp_path / "examples", ["eval"])
        folder = artifact_utils.get_split_uri([examples], "eval")
        os.makedirs(folder)
        with tf.io.TFRecordWriter(os.path.join(folder, "data-00000-of-00001.gz"), "GZIP") as writer:
            for number, flag in enumerate(decodable):
                example = tf.train.Example()
                example.features.feature["decodable"].int64_list.value.append(flag)
                example.features.feature["filename"].bytes_list.value.append(b"held_out_%d.JPEG" % number)
                writer.write(example.SerializeToString())
        verdict = _artifact(standard_artifacts.String, tmp_path / "verdict")
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
