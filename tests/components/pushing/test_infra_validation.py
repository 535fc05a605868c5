"""From the candidate to the pushed version, through TFX's artifacts and a real server."""

import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.serving.model_server import VERSION, picture
from tfx.components.pusher.executor import _PUSHED_DESTINATION_KEY
from tfx.types import artifact_utils, standard_artifacts

from components.pushing.infra_validation import InfraValidation
from components.pushing.pusher import Executor
from serving.model_server import NotServable

FOLDER = "Format-Serving"  # TFX's name of the SavedModel's folder in a Model artifact


def _artifact(kind, folder: Path, **properties):
    artifact = kind()
    artifact.uri = str(folder)
    for name, value in properties.items():
        artifact.set_int_custom_property(name, value)
    return artifact


@pytest.fixture
def model(pushed, tmp_path):
    shutil.copytree(pushed / str(VERSION), tmp_path / "model" / FOLDER)
    return _artifact(standard_artifacts.Model, tmp_path / "model")


@pytest.fixture
def examples(tmp_path):
    """An evaluation split as ExampleGen writes it; the first photograph does not decode."""
    artifact = _artifact(standard_artifacts.Examples, tmp_path / "examples")
    artifact.split_names = artifact_utils.encode_split_names(["train", "eval"])
    (folder := Path(artifact_utils.get_split_uri([artifact], "eval"))).mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
        for encoded in (b"no photograph", picture(1), picture(2)):
            example = tf.train.Example()
            example.features.feature["image/encoded"].bytes_list.value.append(encoded)
            writer.write(example.SerializeToString())
    return artifact


@pytest.fixture
def validate(model, examples, tmp_path):
    def validate(blessed: int):
        blessing = _artifact(standard_artifacts.InfraBlessing, tmp_path / "infra")
        InfraValidation.test_call(
            model=model,
            model_blessing=_artifact(standard_artifacts.ModelBlessing, tmp_path, blessed=blessed),
            examples=examples,
            blessing=blessing,
            photographs=2,
        )
        return blessing

    return validate


@pytest.fixture
def push(model, tmp_path):
    def push(infra_blessing, blessed: int = 1):
        pushed = _artifact(standard_artifacts.PushedModel, tmp_path / "pushed")
        Executor().Do(
            {
                "model": [model],
                "model_blessing": [_artifact(standard_artifacts.ModelBlessing, tmp_path, blessed=blessed)],
                "infra_blessing": [infra_blessing],
            },
            {"pushed_model": [pushed]},
            {"push_destination": f'{{"filesystem": {{"base_directory": "{tmp_path}/serving"}}}}'},
        )
        return pushed

    return push


@pytest.mark.slow
def test_a_candidate_that_a_server_serves_is_blessed_and_pushed(validate, push, tmp_path):
    blessing = validate(blessed=1)
    assert (blessing.get_int_custom_property("blessed"), Path(blessing.uri, "INFRA_BLESSED").exists()) == (
        1,
        True,
    )
    pushed = push(blessing)
    (version,) = (tmp_path / "serving").iterdir()
    assert pushed.get_string_custom_property(_PUSHED_DESTINATION_KEY) == str(version)
    assert (version / "saved_model.pb").is_file()
    assert Path(pushed.uri, "saved_model.pb").is_file()


@pytest.mark.slow
def test_a_candidate_that_does_not_load_fails_the_component(validate, model):
    shutil.rmtree(Path(model.uri, FOLDER, "variables"))
    with pytest.raises(NotServable, match="variables"):
        validate(blessed=1)


def test_a_model_that_the_evaluator_refused_is_neither_started_nor_pushed(validate, push, model, tmp_path):
    shutil.rmtree(Path(model.uri, FOLDER, "variables"))  # starting it would fail
    blessing = validate(blessed=0)
    assert Path(blessing.uri, "INFRA_NOT_BLESSED").exists()
    assert push(blessing).get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()


@pytest.mark.parametrize(("evaluator", "server"), [(1, 0), (0, 1)])
def test_one_blessing_is_not_enough(push, tmp_path, evaluator, server):
    blessing = _artifact(standard_artifacts.InfraBlessing, tmp_path / "infra", blessed=server)
    assert push(blessing, blessed=evaluator).get_int_custom_property("pushed") == 0
    assert not (tmp_path / "serving").exists()
