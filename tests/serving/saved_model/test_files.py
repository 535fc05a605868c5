"""What lies in an exported model's folder, and what can be read back from it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.serving.exported import HEAD, IMAGES, NET, dense_posterior, example
from tensorflow_serving.apis import prediction_log_pb2

from models.errors import InputError
from serving.saved_model.assets import write_assets
from serving.saved_model.description import DESCRIPTION, describe
from serving.saved_model.export import export_again, read_weights


def test_each_variable_is_stored_once(path, trained):
    variables = str(Path(path) / "variables" / "variables")
    shapes = [shape for name, shape in tf.train.list_variables(variables) if "OBJECT_GRAPH" not in name]
    assert len(shapes) == len(trained.weights)
    assert sum(int(np.prod(shape)) for shape in shapes) == trained.count_params()
    size = Path(f"{variables}.data-00000-of-00001").stat().st_size
    assert 4 * trained.count_params() <= size < 4 * trained.count_params() + 50_000


def test_only_the_network_its_names_and_requests_are_exported(path):
    files = {str(file.relative_to(path)) for file in Path(path).rglob("*") if file.is_file()}
    assert files == {
        "assets/class_names.txt",
        "assets/synsets.txt",
        "assets.extra/tf_serving_warmup_requests",
        "assets.extra/vgg.json",
        "fingerprint.pb",
        "saved_model.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    }
    # Weights belong into variables, not into the graph as constants.
    assert (Path(path) / "saved_model.pb").stat().st_size < 2_000_000


def test_names_and_synsets_are_a_line_for_each_class(path):
    names, synsets = (
        (Path(path) / "assets" / f"{name}.txt").read_text() for name in ("class_names", "synsets")
    )
    assert names == "tench\ngoldfish\nshark\nhen\nKäfer\nclass 5\nowl\n"
    assert synsets == "n01\nn02\nn03\n\nn05\nn06\nn07\n"


def test_the_loaders_know_the_files_as_assets(path):
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], path)
        assert sorted(asset.filename for asset in graph.asset_file_def) == ["class_names.txt", "synsets.txt"]


def test_without_synsets_there_is_no_file_of_them(tmp_path):
    write_assets(replace(HEAD, synsets=(), class_names=("two\nlines", *HEAD.class_names[1:])), str(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["class_names.txt"]
    names = (tmp_path / "class_names.txt").read_text()
    assert names.splitlines() == ["two lines", *HEAD.class_names[1:]]


def test_names_that_are_alike_have_their_synset(tmp_path):
    head = replace(HEAD, class_names=("crane", "crane", *HEAD.class_names[2:]))
    write_assets(head, str(tmp_path))
    lines = (tmp_path / "class_names.txt").read_text().splitlines()
    assert lines == ["crane (n01)", "crane (n02)", *HEAD.class_names[2:]]


def test_each_warm_up_request_is_one_that_the_model_answers(path, loaded):
    file = Path(path) / "assets.extra" / "tf_serving_warmup_requests"
    logs = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    ]
    requests = [log.predict_log.request for log in logs]
    names = [request.model_spec.signature_name for request in requests]
    assert set(names) == {"serving_default", "single_scale", "features"}
    assert len(names) <= 6
    for request in requests:
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        answer = loaded.signatures[request.model_spec.signature_name](**inputs)
        assert all(values.shape[0] == 1 for values in answer.values())


def test_the_weights_can_be_read_back_by_layer(path, trained):
    weights = read_weights(path)
    assert len(weights) == len(trained.weights)
    for name in ("conv1_1", "conv5_2", "fc6", "fc8"):
        kernel, bias = trained.get_layer(name).get_weights()
        np.testing.assert_array_equal(weights[f"{name}_kernel"].reshape(kernel.shape), kernel)
        np.testing.assert_array_equal(weights[f"{name}_bias"], bias)


@pytest.fixture(scope="module")
def old(path, tmp_path_factory) -> Path:
    """The model as it was exported before there were budgets and synsets."""
    old = tmp_path_factory.mktemp("before") / "old"
    shutil.copytree(path, old)
    values = json.loads((old / DESCRIPTION).read_text())
    for field in ("synsets", "most_pixels", "squares", "map_pixels"):
        del values["head"][field]
    (old / DESCRIPTION).write_text(json.dumps(values))
    return old


@pytest.mark.slow
def test_another_protocol_needs_no_training(old, convolutional, tmp_path):
    """Of an old model; the Exporter's test has one of a new one."""
    again = str(tmp_path / "again" / "model")
    export_again(str(old), again, shorter_sides=(72,), flip=False)
    assert describe(again) == (NET, replace(HEAD, synsets=(), shorter_sides=(72,), flip=False))
    found = tf.saved_model.load(again).signatures["examples"](examples=tf.constant([example(IMAGES[0])]))
    assert set(found) == {"probabilities", "probabilities_q72"}
    expected = dense_posterior(convolutional, IMAGES[0], 72, flip=False)
    np.testing.assert_allclose(found["probabilities"][0], expected, atol=1e-5)


def test_a_model_exported_before_budgets_and_synsets_is_still_read(path, old):
    assert describe(path) == (NET, HEAD)
    assert describe(str(old)) == (NET, replace(HEAD, synsets=()))
    assert describe(str(old))[1].most_pixels == 1 << 26


def test_a_q_smaller_than_the_nets_field_is_refused(path, tmp_path):
    with pytest.raises(InputError, match="Q 48: smaller than the net's field of 64 pixels"):
        export_again(path, str(tmp_path / "again"), shorter_sides=(64, 48), flip=False)
    assert not (tmp_path / "again").exists()


def test_a_folder_that_is_no_model_of_ours_is_refused_in_one_line(tmp_path):
    with pytest.raises(InputError, match=f"model {tmp_path}: no .*; expected") as caught:
        read_weights(str(tmp_path))
    assert "\n" not in str(caught.value)
