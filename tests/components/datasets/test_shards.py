"""Which shards of a data folder are missing, too many or not those of dataset.json: by their names alone."""

import json
import os
import shutil
from pathlib import Path

import apache_beam as beam
import pytest
import tensorflow as tf
from apache_beam.testing.util import assert_that, equal_to

from components.datasets.sample import write_sample
from components.datasets.shards import TRAINING, VALIDATION, find_shards
from components.evaluation.model_evaluation import find_examples
from components.evaluation.scoring_on_beam import read_examples
from models.errors import InputError


def _folder(path: Path, *names: str) -> Path:
    """Files of one byte: their names are what counts."""
    path.mkdir(exist_ok=True)
    for name in names:
        (path / name).write_bytes(b"x")
    return path


def _train(total: int, prefix: str = "train") -> list[str]:
    return [f"{prefix}-{number:05d}-of-{total:05d}" for number in range(total)]


def _message(folder: Path, split=TRAINING) -> str:
    with pytest.raises(InputError) as caught:
        find_shards(str(folder), split)
    message = str(caught.value)
    assert message.startswith(f"data folder {folder}: ")
    assert "\n" not in message
    return message


@pytest.mark.parametrize("prefix", ["train", "imagenet2012-train.tfrecord"])
@pytest.mark.parametrize("total", [1, 4, 1024])
def test_whole_splits_are_found_in_order(tmp_path, prefix, total):
    names = _train(total, prefix)
    _folder(tmp_path, *reversed(names), "validation-00000-of-00001", "train.txt", f"{names[0]}.part")
    assert find_shards(str(tmp_path), TRAINING) == [str(tmp_path / name) for name in names]
    assert find_shards(str(tmp_path), VALIDATION) == [str(tmp_path / "validation-00000-of-00001")]


@pytest.mark.parametrize("missing", [0, 2, 3])
def test_a_missing_shard_is_named(tmp_path, missing):
    _folder(tmp_path, *_train(4))
    name = f"train-0000{missing}-of-00004"
    (tmp_path / name).unlink()
    message = _message(tmp_path)
    assert f"1 of the 4 training shards is missing: {name}; expected" in message
    assert "copy" in message
    assert "00000-of-00003" in message, "the way out for who means a part"


def test_many_missing_shards_are_counted_and_the_first_named(tmp_path):
    _folder(
        tmp_path, *(name for name in _train(1024) if name[6:11] not in ("00003", "00500", "00501", "01023"))
    )
    message = _message(tmp_path)
    assert (
        "4 of the 1024 training shards are missing: train-00003-of-01024, train-00500-of-01024, "
        "train-00501-of-01024 and 1 more; "
    ) in message


def test_each_split_is_looked_at_alone(tmp_path):
    _folder(tmp_path, *_train(2), "validation-00001-of-00002")
    assert len(find_shards(str(tmp_path), TRAINING)) == 2
    assert "validation shards is missing: validation-00000-of-00002" in _message(tmp_path, VALIDATION)


@pytest.mark.parametrize(
    ("others", "named"),
    [
        (_train(8)[4:], "train-00000-of-00004 (4 of 4) and train-00004-of-00008 (4 of 8)"),  # half replaced
        (_train(8), "train-00000-of-00004 (4 of 4) and train-00000-of-00008 (8 of 8)"),
        (_train(4, "my-train"), "my-train-00000-of-00004 (4 of 4) and train-00000-of-00004 (4 of 4)"),
        (["._train-00000-of-00004"], "._train-00000-of-00004 (1 of 4) and train-00000-of-00004 (4 of 4)"),
    ],
)
def test_shards_of_two_data_sets(tmp_path, others, named):
    message = _message(_folder(tmp_path, *_train(4), *others))
    assert f"training shards of 2 data sets beside one another: {named}; expected" in message
    assert "move the others away" in message


def test_shards_counted_from_one(tmp_path):
    message = _message(_folder(tmp_path, *_train(4)[1:], "train-00004-of-00004"))
    assert "train-00004-of-00004 is number 4 of 4; expected 0 to 3" in message


def test_a_shard_without_numbers(tmp_path):
    assert "train-copy1-of-00004 has no numbers" in _message(
        _folder(tmp_path, *_train(4), "train-copy1-of-00004")
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read(tmp_path):
    folder = _folder(tmp_path / "data", *_train(1))
    folder.chmod(0)
    try:
        assert "Permission denied" in _message(folder)
    finally:
        folder.chmod(0o700)


@pytest.fixture
def sample(tmp_path) -> Path:
    """A whole data set of `vgg data sample`, with its dataset.json."""
    write_sample(tmp_path / "sample", train_per_class=1, validation_per_class=1)
    return tmp_path / "sample"


def test_what_vgg_data_writes_is_whole(sample):
    for split, key in ((TRAINING, "train"), (VALIDATION, "validation")):
        listed = json.loads((sample / "dataset.json").read_text())["splits"][key]["shards"]
        assert find_shards(str(sample), split) == [str(sample / name) for name in sorted(listed)]


@pytest.mark.parametrize("split", [TRAINING, VALIDATION])
def test_a_shard_of_another_size_than_the_manifest_has(sample, split):
    path = Path(find_shards(str(sample), split)[-1])
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-5])
    message = _message(sample, split)
    assert f"{path.name} has {size - 5} bytes; expected the {size} that dataset.json lists; " in message
    assert "remove dataset.json" in message


@pytest.mark.parametrize("split", [TRAINING, VALIDATION])
def test_other_names_than_the_manifest_has(sample, split):
    """Whole by their names, but of another data set."""
    first = Path(find_shards(str(sample), split)[0])
    for path in find_shards(str(sample), split):
        Path(path).rename(path[: -len("00000")] + "00009")
    for number in range(9):
        first.with_name(f"{split.key}-{number:05d}-of-00009").touch()
    assert f"dataset.json lists {first.name}" in _message(sample, split)
    manifest = json.loads((sample / "dataset.json").read_text())
    manifest["splits"][split.key]["shards"] = {}
    (sample / "dataset.json").write_text(json.dumps(manifest))
    message = _message(sample, split)
    assert f"dataset.json does not list {split.key}-00000-of-00009, " in message
    assert "and 6 more, unlike the folder" in message


def test_a_shard_more_in_the_manifest(sample):
    manifest = json.loads((sample / "dataset.json").read_text())
    manifest["splits"]["train"]["shards"]["train-00000-of-00003"] = 5
    (sample / "dataset.json").write_text(json.dumps(manifest))
    assert "dataset.json lists train-00000-of-00003, unlike the folder" in _message(sample)


def test_half_a_manifest(sample):
    (sample / "dataset.json").write_text((sample / "dataset.json").read_text()[:100])
    assert "dataset.json cannot be read" in _message(sample)


@pytest.mark.parametrize(
    "content", ["{}", "[]", "3", '{"splits": ["train"]}', '{"splits": {"train": {"shards": 4}}}']
)
def test_another_programs_dataset_json_does_not_matter(sample, content):
    (sample / "dataset.json").write_text(content)
    assert find_shards(str(sample), TRAINING)


def test_the_manifest_may_be_removed(sample):
    (sample / "dataset.json").unlink()
    assert find_shards(str(sample), TRAINING)


def test_evaluation_looks_at_the_validation_shards(sample):
    os.remove(find_shards(str(sample), VALIDATION)[1])
    with pytest.raises(
        InputError, match="1 of the 2 validation shards is missing: validation-00001-of-00002"
    ):
        find_examples(str(sample))


@pytest.mark.parametrize("name", ["[1]", "*", "?", "a\\b", "[!x]"])
def test_evaluation_takes_paths_as_they_are(sample, name):
    """A path is no pattern: neither for the search nor for Beam."""
    plain = find_examples(str(sample))
    decoy = sample.with_name("1")
    odd = sample.rename(sample.with_name(name))
    shutil.copytree(odd, decoy)  # what the first three would match
    found = find_examples(str(odd))
    assert list(found.files) == [path.replace(str(sample), str(odd)) for path in plain.files]
    assert (found.labels.images, found.labels.classes) == (10, plain.labels.classes)
    with beam.Pipeline() as pipeline:
        records = read_examples(pipeline, found.files)
        assert_that(records, equal_to([record for path in found.files for record in _records(path)]))


def _records(path: str) -> list[bytes]:
    return list(tf.data.TFRecordDataset(path).as_numpy_iterator())


def test_other_file_systems_by_tensorflow(sample):
    """file:// stands for gs://: TensorFlow alone knows what it is."""
    folder = f"file://{sample}"
    names = sorted(path.name for path in sample.glob("train-*"))
    assert find_shards(folder, TRAINING) == [f"{folder}/{name}" for name in names]
    (sample / names[0]).write_bytes(b"")
    with pytest.raises(InputError, match=f"{names[0]} has 0 bytes"):
        find_shards(folder, TRAINING)
    (sample / "dataset.json").unlink()
    (sample / names[-1]).unlink()
    with pytest.raises(InputError, match=f"missing: {names[-1]}"):
        find_shards(folder, TRAINING)
    with pytest.raises(InputError, match="is no folder"):
        find_shards(f"{folder}/nowhere", TRAINING)
    assert tf.io.gfile.isdir(folder)
