"""Bad examples stop the run before training: TFRecords -> TFDV statistics -> written schema -> the gates."""

import os
from collections.abc import Sequence

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from helpers.checked_data import artifact_at, labelled_examples, noise_jpeg
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.types import artifact_utils, standard_artifacts

from components import artifact_files
from components.datasets.layouts import IMAGENET, TFDS
from components.ingestion.gates import AnomalyGate
from components.ingestion.schema import WrittenSchemaGen, statistics_options, written_schema
from models.errors import InputError

BEAM = PipelineOptions(["--direct_running_mode=in_memory", "--direct_num_workers=1"])

pytestmark = pytest.mark.beam
CLASSES = 3


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
        IMAGENET: _statistics(folder / "imagenet", labelled_examples(IMAGENET, [1, 2, 3, 1])),
        TFDS: _statistics(folder / "tfds", labelled_examples(TFDS, [0, 1, 2, 0])),
    }


@pytest.fixture
def gate(tmp_path):
    """Does what the pipeline does from StatisticsGen's output on; returns the gate's verdict."""

    def gate(train, held_out, classes: int = CLASSES) -> str:
        splits = {"train": train, "eval": held_out}
        statistics = artifact_at(standard_artifacts.ExampleStatistics, tmp_path / "statistics", splits)
        _write_splits(statistics, "FeatureStats.pb", splits)
        schema = artifact_at(standard_artifacts.Schema, tmp_path / "schema")
        WrittenSchemaGen.test_call(statistics=statistics, schema=schema, classes=classes)
        written = artifact_files.read_schema(schema.uri)
        # As ExampleValidator's executor does.
        found = {split: tfdv.validate_statistics(value, written) for split, value in splits.items()}
        anomalies = artifact_at(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies", splits)
        _write_splits(anomalies, "SchemaDiff.pb", found)
        verdict = artifact_at(standard_artifacts.String, tmp_path / "verdict")
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
    bad = _statistics(tmp_path / "bad", labelled_examples(layout, [1, 2, label]))
    message = _message(gate, clean[layout], bad)
    assert f"eval split, {layout.label}: Out-of-range values" in message
    assert str(label) in message.split("Out-of-range")[1]
    assert "train split" not in message


@pytest.mark.parametrize("whole", [False, True])
def test_boxes_are_of_numbers_and_may_reach_beyond_the_image(gate, clean, tmp_path, whole):
    """Training cuts them off; whole numbers would be pixels."""
    examples = labelled_examples(TFDS, [0, 1, 2])
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
    examples = labelled_examples(layout, [1, 2, 1])
    examples[1].features.feature[layout.label].int64_list.value.append(2)
    message = _message(gate, clean[layout], _statistics(tmp_path / "bad", examples))
    assert f"eval split, {layout.label}: " in message
    assert "shape" in message


@pytest.mark.parametrize("key", IMAGENET.required)
@pytest.mark.parametrize("missing_in", [1, 3])
def test_a_key_that_some_or_all_examples_miss(gate, clean, tmp_path, key, missing_in):
    examples = labelled_examples(IMAGENET, [1, 2, 1])
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
        assert noise_jpeg(0)[20:60] not in statistics.SerializeToString()
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
    anomalies = artifact_at(standard_artifacts.ExampleAnomalies, tmp_path / "anomalies", ["train"])
    found = anomalies_pb2.Anomalies()
    found.dataset_anomaly_info.description = "too few examples"
    _write_splits(anomalies, "SchemaDiff.pb", {"train": found})
    verdict = artifact_at(standard_artifacts.String, tmp_path / "verdict")
    with pytest.raises(InputError, match="train split, data set: too few examples"):
        AnomalyGate.test_call(anomalies=anomalies, verdict=verdict)
