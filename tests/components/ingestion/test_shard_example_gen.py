"""ShardExampleGen as TFX runs it: what lies in the artifact, what TFX's own readers find there, and when it
is new data to the cache. Records are a few bytes; numbers are counted by hand."""

import errno
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import artifact_utils, standard_artifacts

from components import artifact_files
from components.datasets.layouts import IMAGENET
from components.ingestion.schema import statistics_options
from components.ingestion.shard_example_gen import RegisterShards, ShardExampleGen, read_index
from components.split_records import records_in
from components.training.input_pipeline import Augmentation, epoch_order
from components.training.record_reader import records_in_order
from models.errors import InputError

FILES, PER_FILE, CLASSES = 1024, 10, 1000


def example(label: int, number: int) -> bytes:
    made = tf.train.Example()
    features = made.features.feature
    features[IMAGENET.image].bytes_list.value.append(b"photograph %d" % number)
    features[IMAGENET.label].int64_list.value.append(label)
    features[IMAGENET.filename].bytes_list.value.append(b"%d.jpg" % number)
    return made.SerializeToString()


def write(path: Path, records: list[bytes]) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


@pytest.fixture
def data(tmp_path) -> Path:
    """Two training shards of three and two records, one for validation of one."""
    folder = tmp_path / "data"
    folder.mkdir()
    write(folder / "train-00000-of-00002", [example(1, number) for number in range(3)])
    write(folder / "train-00001-of-00002", [example(2, number) for number in range(3, 5)])
    write(folder / "validation-00000-of-00001", [example(1, 5)])
    return folder


@pytest.fixture
def run(tmp_path):
    """Runs ShardExampleGen on a data folder, and StatisticsGen behind it where that is asked for.

    Gives the newest artifacts of both and the number of ShardExampleGen's executions.
    """

    def run(data: Path, statistics: bool = False, **options):
        generator = ShardExampleGen(str(data), **options)
        reader = StatisticsGen(generator.outputs["examples"], stats_options=statistics_options())
        connection = metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
        LocalDagRunner().run(
            Pipeline(
                pipeline_name="registering",
                pipeline_root=str(tmp_path / "root"),
                components=[generator, reader] if statistics else [generator],
                enable_cache=True,
                metadata_connection_config=connection,
            )
        )
        with metadata.Metadata(connection) as handle:
            store = handle.store
            kinds = {kind.id: kind for kind in store.get_artifact_types()}
            artifacts = sorted(store.get_artifacts(), key=lambda each: each.id)
            of_tfx = [artifact_utils.deserialize_artifact(kinds[one.type_id], one) for one in artifacts]
            found = {one.type_name: one for one in of_tfx}
            executions = len(store.get_executions_by_type(ShardExampleGen.get_class_type()))
            return found["Examples"], found.get("ExampleStatistics"), executions

    return run


def records_of(examples, split: str) -> list[bytes]:
    return list(records_in(artifact_utils.get_split_uri([examples], split)))


@pytest.mark.beam
def test_shards_are_linked_and_read_by_tfxs_own_components(data, run):
    examples, statistics, _ = run(data, statistics=True)
    assert artifact_files.split_names(examples) == ["train", "eval"]
    for split, files, records in (("train", 2, 5), ("eval", 1, 1)):
        folder = Path(artifact_utils.get_split_uri([examples], split))
        assert all(path.is_symlink() and path.resolve().parent == data for path in folder.iterdir())
        counted = examples.get_int_custom_property(f"{split}_files"), len(read_index(str(folder)))
        assert counted == (files, records)
        assert examples.get_int_custom_property(f"{split}_records") == records
        (dataset,) = artifact_files.read_statistics(statistics, split).datasets
        assert dataset.num_examples == records
    assert examples.get_string_custom_property("input_fingerprint").count("num_files") == 2
    assert examples.span == 0


@pytest.mark.beam
@pytest.mark.parametrize(
    "change",
    [
        lambda data: write(data / "train-00001-of-00002", [example(2, 9)]),
        lambda data: os.utime(data / "validation-00000-of-00001", (1, 1)),
        lambda data: (
            write(data / "train-00000-of-00001", [example(1, 7)]),
            [path.unlink() for path in data.glob("train-*-of-00002")],
        ),
    ],
    ids=["changed", "written again", "fewer"],
)
def test_another_file_is_new_data_and_the_same_is_not(data, run, change):
    first, _, _ = run(data)
    same, _, executions = run(data)
    assert (same.id, executions) == (first.id, 2)
    change(data)
    other, *_ = run(data)
    assert other.id != first.id
    assert other.get_int_custom_property("train_records") == len(records_of(other, "train"))


@pytest.mark.beam
def test_gzipped_shards_are_unpacked(data, run, capfd):
    before, _, _ = run(data)
    for shard in data.iterdir():
        shard.write_bytes(gzip.compress(shard.read_bytes()))
    unpacked, _, executions = run(data)
    assert executions == 2
    first = data / "train-00000-of-00002"
    assert f"ShardExampleGen: {first} and others are gzipped" in capfd.readouterr().out
    for split in ("train", "eval"):
        one, other = (artifact_utils.get_split_uri([each], split) for each in (before, unpacked))
        index = read_index(other)
        read = records_in_order(index, np.arange(len(index)))
        assert list(read.as_numpy_iterator()) == list(records_in(other))
        assert list(index.offset) == list(read_index(one).offset)
        assert not any(path.is_symlink() for path in Path(other).iterdir())


def test_a_copy_outlives_the_data(data, run):
    copied, _, _ = run(data, copy=True)
    linked, _, _ = run(data)
    assert copied.id != linked.id
    expected = records_of(linked, "train")
    assert len(expected) == 5
    for path in data.iterdir():
        path.unlink()
    assert records_of(copied, "train") == expected
    assert records_of(linked, "train") == []


@pytest.mark.beam
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: (data / "train-00001-of-00002").unlink(), "1 of the 2 training shards is missing"),
        (lambda data: os.truncate(data / "validation-00000-of-00001", 20), "is cut short"),
    ],
)
def test_what_is_not_whole_is_refused(data, run, damage, said):
    damage(data)
    with pytest.raises(Exception, match=said):
        run(data)


def test_a_home_that_takes_no_more_files_is_one_line(data, tmp_path, monkeypatch):
    """The system calls are stand-ins: a full disk is not to be had in a test."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_to_tensorflow(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(os, "symlink", full)
    monkeypatch.setattr(tf.io.gfile, "copy", full_to_tensorflow)
    for copy, said in ((False, "no link to it can be made"), (True, "cannot be copied")):
        examples = standard_artifacts.Examples()
        examples.uri = str(tmp_path / "examples")
        config = ShardExampleGen(str(data), copy=copy).exec_properties["custom_config"]
        with pytest.raises(InputError, match="No space left on device") as caught:
            RegisterShards().Do(
                {}, {"examples": [examples]}, {"input_base": str(data), "custom_config": config}
            )
        assert str(caught.value).startswith(f"data file {data}/train-00000-of-00002: {said}")
        assert "\n" not in str(caught.value)


def test_examples_without_an_index_are_refused(tmp_path):
    with pytest.raises(InputError, match="expected the index that ShardExampleGen writes"):
        read_index(str(tmp_path / "Split-train"))


@pytest.mark.beam
def test_an_epoch_of_class_sorted_shards_is_as_mixed_as_a_random_one(tmp_path, run):
    """1024 files in the order of 1000 classes, 10 images each: ImageNet as imagenet_to_gcs writes it.

    Expected of random orders: a batch of 256 has 1000 (1 - C(10230, 256) / C(10240, 256)) = 227 classes on
    average, deviation 5.0, of 40 batches' mean 0.8; positions in two epochs correlate by 0 +- 0.01.
    """
    folder = tmp_path / "sorted"
    folder.mkdir()
    labels = np.sort(np.arange(FILES * PER_FILE) % CLASSES) + 1
    for number, some in enumerate(np.split(labels, FILES)):
        first = number * PER_FILE
        records = [example(int(label), first + place) for place, label in enumerate(some)]
        write(folder / f"train-{number:05d}-of-{FILES:05d}", records)
    write(folder / "validation-00000-of-00001", [example(1, 0)])
    examples, _, _ = run(folder)
    index = read_index(artifact_utils.get_split_uri([examples], "train"))
    epochs = [_read(index, epoch) for epoch in range(2)]
    for names, classes in epochs:
        assert sorted(names) == list(range(FILES * PER_FILE))
        np.testing.assert_array_equal(labels[names], classes)
        batches = [len(set(batch)) for batch in classes.reshape(-1, 256)]
        assert abs(np.mean(batches) - 227) < 4 * 0.8
        assert min(batches) > 227 - 5 * 5
        assert abs(np.corrcoef(names, np.arange(len(names)))[0, 1]) < 0.04
    first, second = (np.argsort(names) for names, _ in epochs)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.04
    # Of 10,239 neighbours in the files, 2 are expected to be neighbours in an epoch.
    assert sum(np.abs(np.diff(first)) == 1) < 12


def _read(index, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    """(number of each photograph, its label) in the epoch's order."""
    augmentation = Augmentation(scales=(64, 64), size=64, mean_rgb=(0, 0, 0), colours=None, seed=0)
    records = records_in_order(index, epoch_order(len(index), augmentation, epoch)).as_numpy_iterator()
    parsed = [tf.train.Example.FromString(record).features.feature for record in records]
    names = [int(each[IMAGENET.filename].bytes_list.value[0].split(b".")[0]) for each in parsed]
    return np.array(names), np.array([each[IMAGENET.label].int64_list.value[0] for each in parsed])


def test_a_generations_folder_gives_its_span_and_version_as_tfx_has_them(data, run):
    generation = data.parent / "span-03" / "version-2"
    generation.parent.mkdir()
    data.rename(generation)
    examples, *_ = run(generation)
    properties = examples.mlmd_artifact.custom_properties
    assert (properties["span"].int_value, properties["version"].int_value) == (3, 2)
    assert properties["train_records"].int_value == 5
