"""run_fn hands what TFX gives it to `train`, under the right names; tf.Transform's analyses are stand-ins."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import schema_pb2

from components import artifact_files
from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.ingestion import transform
from components.ingestion.shard_example_gen import write_index
from components.recipe import TrainerConfig, Training, to_json
from components.training import trainer
from models.net import Net

CONFIG = TrainerConfig(Net("A", classes=2), Training(seed=3))
FOUND = transform.TrainingSet(np.array([1.0, 2.0, 3.0]), np.eye(3), images=40, undecodable=4)


def _keys_of(layout) -> list[str]:
    return [layout.image, layout.label, layout.filename]


@pytest.fixture
def called(tmp_path, monkeypatch):
    """Calls run_fn with the base model and the model to start from; gives train's arguments by name."""
    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name=key) for key in _keys_of(IMAGENET)])
    artifact_files.write_schema(SimpleNamespace(uri=str(tmp_path / "schema")), schema)
    for split, images in (("train", 3), ("eval", 2)):
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / f"{split}-00000-of-00001")) as writer:
            for number in range(images):
                writer.write(bytes(number + 1))
        write_index(str(folder.parent), split, index_of([f"{folder}/{split}-00000-of-00001"]))
    monkeypatch.setattr(transform, "training_set", lambda graph: FOUND)
    monkeypatch.setattr(transform, "class_names", lambda graph, classes: (f"{graph} a", "b")[:classes])
    monkeypatch.setattr(transform, "synsets", lambda graph, classes: ("n1", "n2")[:classes])
    calls = []
    monkeypatch.setattr(trainer, "train", lambda *arguments: calls.append(arguments))

    def call(base_model=None, init_from="", config=CONFIG, train="train"):
        arguments = SimpleNamespace(
            custom_config={"config": to_json(config), "init_from": init_from},
            transform_graph_path="graph",
            schema_path=str(tmp_path / "schema" / artifact_files.SCHEMA),
            train_files=[str(tmp_path / f"examples/Split-{train}/*")],
            eval_files=[str(tmp_path / "examples/Split-eval/*")],
            base_model=base_model,
            serving_model_dir=str(tmp_path / "Trainer/model/5/Format-Serving"),
            model_run_dir=str(tmp_path / "Trainer/model_run/5"),
        )
        trainer.run_fn(arguments)
        names = ("config", "inputs", "folders", "strategy")
        return SimpleNamespace(**dict(zip(names, calls.pop(), strict=True)))

    return call


def test_all_that_train_needs_is_read(called, tmp_path):
    given = called()
    assert given.config == CONFIG
    for split, records, lengths in (
        ("train", given.inputs.train, [1, 2, 3]),
        ("eval", given.inputs.validation, [1, 2]),
    ):
        assert records.files == (str(tmp_path / f"examples/Split-{split}/{split}-00000-of-00001"),)
        assert records.length.tolist() == lengths
    assert given.inputs.layout == IMAGENET
    assert given.inputs.images == 36
    assert given.inputs.mean_rgb is FOUND.mean_rgb
    assert given.inputs.covariance_rgb is FOUND.covariance_rgb
    assert (given.inputs.class_names, given.inputs.synsets) == (("graph a", "b"), ("n1", "n2"))
    assert given.folders.model == str(tmp_path / "Trainer/model/5/Format-Serving")
    assert given.folders.logs == str(tmp_path / "Trainer/model_run/5")
    assert isinstance(given.strategy, tf.distribute.MirroredStrategy)


@pytest.mark.parametrize(
    ("base_model", "init_from", "expected"),
    [(None, "", ""), ("before", "", "before"), (None, "mine", "mine"), ("before", "mine", "mine")],
)
def test_a_model_to_start_from_replaces_the_base_model(called, base_model, init_from, expected):
    assert called(base_model, init_from).inputs.base_model == expected


def test_checkpoints_of_one_training_are_found_again_and_another_trainings_are_not(called, tmp_path):
    folder = called("before").folders.checkpoints
    assert folder.startswith(str(tmp_path / "Trainer/checkpoints/"))
    assert called("before").folders.checkpoints == folder
    other = TrainerConfig(Net("A", classes=2), Training(seed=4))
    others = {
        call.folders.checkpoints
        for call in (
            called(),
            called("other"),
            called("before", config=other),
            called("before", train="eval"),
        )
    }
    assert len(others | {folder}) == 5
    assert json.loads(to_json(CONFIG))["training"]["seed"] == 3
