"""From the candidate to the pushed version, through TFX's artifacts and a real server."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.serving.model_server import VERSION, picture
from tfx.components.pusher.executor import _PUSHED_DESTINATION_KEY
from tfx.types import artifact_utils, standard_artifacts

from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import averaging_plan
from components.evaluation.data_labels import read_labels
from components.evaluation.model_evaluation import local_pipeline
from components.evaluation.scorer import write_posteriors
from components.pushing.infra_validation import InfraValidation
from components.pushing.pusher import Executor
from components.recipe import Evaluation
from models.errors import InputError
from models.protocols import Protocol
from serving.model_server import NotServable
from serving.saved_model import export

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


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """An evaluation split as ExampleGen writes it; the first photograph does not decode."""
    artifact = _artifact(standard_artifacts.Examples, tmp_path_factory.mktemp("examples"))
    artifact.split_names = artifact_utils.encode_split_names(["train", "eval"])
    (folder := Path(artifact_utils.get_split_uri([artifact], "eval"))).mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
        for label, encoded in enumerate((b"no photograph", picture(1), picture(2, 64, 100), picture(3)), 1):
            feature = tf.train.Example()
            feature.features.feature["image/encoded"].bytes_list.value.append(encoded)
            feature.features.feature["image/filename"].bytes_list.value.append(b"%d.jpg" % label)
            feature.features.feature["image/class/label"].int64_list.value.append(label)
            writer.write(feature.SerializeToString(deterministic=True))
    return artifact


@pytest.fixture(scope="module")
def predictions(pushed, examples, tmp_path_factory):
    """What the Scorers and the Averager store of the trained net under a protocol, dense & multi-crop."""
    folder = tmp_path_factory.mktemp("evaluation")
    plan = averaging_plan([("net", "net", Evaluation((64, 80, 96), protocol=Protocol.MULTI_CROP_DENSE))])
    pattern = str(Path(artifact_utils.get_split_uri([examples], "eval")) / "*")
    labels = read_labels(tf.io.gfile.glob(pattern), "examples")
    folders = {view: str(folder / view.name) for view in plan.views}
    for view, path in folders.items():
        write_posteriors(
            local_pipeline(),
            examples=tf.io.gfile.glob(pattern),
            labels=labels,
            model=str(pushed / str(VERSION)),
            view=view,
            folder=path,
            images=4,
        )
    artifact = _artifact(standard_artifacts.Examples, folder / "predictions")
    artifact.split_names = artifact_utils.encode_split_names(["eval"])
    split = artifact_utils.get_split_uri([artifact], "eval")
    write_predictions(local_pipeline(), folders, plan, split, 4)
    return artifact


@pytest.fixture
def validate(model, examples, tmp_path, request):
    def validate(blessed: int = 1, average: str = "dense"):
        # They take many seconds, and of a model that was refused nothing is looked at.
        none = _artifact(standard_artifacts.Examples, tmp_path / "none")
        predictions = request.getfixturevalue("predictions") if blessed else none
        blessing = _artifact(standard_artifacts.InfraBlessing, tmp_path / "infra")
        InfraValidation.test_call(
            model=model,
            model_blessing=_artifact(standard_artifacts.ModelBlessing, tmp_path, blessed=blessed),
            examples=examples,
            predictions=predictions,
            blessing=blessing,
            photographs=2,
            average=average,
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
def test_a_candidate_that_answers_as_its_evaluation_did_is_blessed_and_pushed(
    validate, push, tmp_path, capfd
):
    blessing = validate(blessed=1)
    assert (blessing.get_int_custom_property("blessed"), Path(blessing.uri, "INFRA_BLESSED").exists()) == (
        1,
        True,
    )
    assert "compare" not in capfd.readouterr().out
    pushed = push(blessing)
    (version,) = (tmp_path / "serving").iterdir()
    assert pushed.get_string_custom_property(_PUSHED_DESTINATION_KEY) == str(version)
    assert (version / "saved_model.pb").is_file()
    assert Path(pushed.uri, "saved_model.pb").is_file()


def _export_again(model, **changes) -> None:
    """As an Exporter would that has the head wrong."""
    path = Path(model.uri, FOLDER)
    network, net, head = export.read_network(str(path))
    shutil.rmtree(path)
    export._save(network, net, dataclasses.replace(head, **changes), str(path))


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"mean_rgb": (104.0, 117.0, 123.0)},
        {"shorter_sides": (64, 80, 112)},
        {"flip": False},
    ],
)
def test_a_candidate_that_answers_otherwise_than_its_evaluation_is_refused(validate, model, wrong, capfd):
    _export_again(model, **wrong)
    with pytest.raises(
        NotServable, match=r"a posterior \S+ from what the evaluation gives, expected at most"
    ):
        validate()
    if "flip" in wrong:  # compared with itself it passes, whatever is wrong, and this is said
        validate(average="")
        assert "no posteriors to compare the answers with" in capfd.readouterr().out


@pytest.mark.slow
def test_predictions_of_other_examples_are_no_proof(validate, examples, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(examples.uri, other)
    (split,) = other.glob("*eval")
    with tf.io.TFRecordWriter(str(split / "data_tfrecord-00000-of-00001.gz"), "GZIP") as writer:
        for record in tf.data.TFRecordDataset(
            [str(path) for path in Path(examples.uri).glob("*eval/*")], "GZIP"
        ).as_numpy_iterator():
            writer.write(record + tf.train.Example().SerializeToString() + b"\x0a\x00")
    before, examples.uri = examples.uri, str(other)
    try:
        with pytest.raises(InputError, match="2 of 2 images with predictions are not in it"):
            validate()
    finally:
        examples.uri = before


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
