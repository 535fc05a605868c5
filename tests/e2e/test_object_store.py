"""Data, pipeline root, checkpoints and served model in gs://, by TensorFlow's and Google's own clients."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.artifacts_of_demo import predictions_in
from helpers.store.gcs_stand_in import google_cloud_storage

from components.datasets.sample import write_sample

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

VGG = Path(sys.executable).with_name("vgg")
ONE_EPOCH = """
base = "demo"
name = "one-epoch"
[net]
classes = 10
[training]
most_epochs = 1
[evaluation]
shorter_sides = [64]
[[evaluation.thresholds]]
metric = "top1_error"
most = 1.0
"""
BUCKET = "bucket"


class Store:
    """The stand-in, and `vgg` on it from an empty folder of this machine."""

    def __init__(self, folder: Path, objects, variables: dict[str, str]):
        self.folder, self.objects = folder, objects
        self._variables = {
            **os.environ,
            **variables,
            "VGG_EXPERIMENT": str(folder / "one.toml"),
            "VGG_HOME": str(folder / "home"),
            "VGG_DATA": f"gs://{BUCKET}/data",
            "VGG_PIPELINE_ROOT": f"gs://{BUCKET}/root",
            "VGG_SERVING": f"gs://{BUCKET}/serving",
        }

    def vgg(self, *words: str) -> str:
        """What it printed; its status must be 0."""
        done = subprocess.run(
            [VGG, *words], cwd=self.folder / "here", env=self._variables, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def fetched(self, prefix: str, name: str) -> Path:
        """A copy of all objects below a prefix, in a folder of this machine."""
        target = self.folder / name
        for one in self.objects.names(BUCKET, prefix):
            path = target / one.removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not one.endswith("/"):
                path.write_bytes(self.objects.get(BUCKET, one))
        return target


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """After one run."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "here").mkdir()
    (folder / "one.toml").write_text(ONE_EPOCH)
    write_sample(folder / "data", train_per_class=10, validation_per_class=3)
    with google_cloud_storage(folder) as (objects, variables):
        for path in (folder / "data").iterdir():
            objects.put(BUCKET, f"data/{path.name}", path.read_bytes())
        made = Store(folder, objects, variables)
        made.printed = made.vgg("run")
        yield made


def test_the_pushed_model_answers_as_the_evaluation_did(store):
    """Its graph is the last object that was written: TF Serving takes what has one."""
    graph = _graph(store)
    assert graph.endswith("/saved_model.pb")
    model = tf.saved_model.load(str(store.fetched(graph.removesuffix("saved_model.pb"), "model")))
    predictions = predictions_in(store.fetched(_only(store, "root/Averager/predictions/"), "predictions"))
    assert len(predictions) == 30
    for record in tf.data.TFRecordDataset(sorted(map(str, (store.folder / "data").glob("validation-*")))):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        image = feature["image/encoded"].bytes_list.value[0]
        answer = model.signatures["serving_default"](tf.constant([image]))["probabilities"][0].numpy()
        near = [one for one in predictions.values() if np.abs(one["average"] - answer).max() < 1e-5]
        assert feature["image/class/label"].int64_list.value[0] - 1 in {one["label"] for one in near}


def test_the_command_predicts_by_the_pushed_model(store):
    records = sorted(map(str, (store.folder / "data").glob("validation-*")))
    example = tf.train.Example.FromString(next(iter(tf.data.TFRecordDataset(records))).numpy())
    photograph = store.folder / "a.jpg"
    photograph.write_bytes(example.features.feature["image/encoded"].bytes_list.value[0])
    answer = json.loads(store.vgg("predict", "--json", str(photograph)))
    assert answer["model"].startswith(f"gs://{BUCKET}/serving/")
    assert len(answer["images"][0]["classes"]) == 5


def test_descriptors_come_from_the_pushed_model(store):
    """Its fingerprint, by which they are kept, and with which any training from it begins."""
    model = f"gs://{BUCKET}/{os.path.dirname(_graph(store))}"
    said = store.vgg("transfer", "--model", model, "--data", f"gs://{BUCKET}/data", "--q", "64")
    assert "100 images to train, 30 to test, 10 classes" in said


def test_nothing_is_left_on_this_machine_and_no_checkpoint_in_the_store(store):
    """Checkpoints go when a training has ended; TensorBoard's logs stay, beside the model."""
    assert not list((store.folder / "here").iterdir())
    names = store.objects.names(BUCKET, "root/Trainer.one-epoch/")
    assert not [name for name in names if "/checkpoints/" in name and not name.endswith("/")]
    assert [name for name in names if "/model_run/" in name and "tfevents" in name]


def test_a_second_run_is_answered_from_the_cache(store):
    before = _written(store)
    printed = store.vgg("run")
    assert "img/s" in store.printed
    assert "img/s" not in printed
    assert _written(store) == before


def test_the_data_are_looked_at_where_they_lie(store):
    store.vgg("data", "check", f"gs://{BUCKET}/data", "--out", str(store.folder / "check"))
    found = json.loads((store.folder / "check" / "check.json").read_text())
    assert json.dumps(found).count("gs://bucket/data") > 0


def _graph(store: Store) -> str:
    """The object of the pushed model that was written last."""
    names = store.objects.names(BUCKET, "serving/")
    return max(names, key=lambda name: int(store.objects.resource(BUCKET, name)["generation"]))


def _written(store: Store) -> list[str]:
    """All but TFX's own notes of its drivers, which each run writes."""
    return [name for name in store.objects.names(BUCKET) if "/.system/" not in name]


def _only(store: Store, prefix: str) -> str:
    """The one execution's folder below a prefix."""
    (execution,) = {
        name.removeprefix(prefix).split("/")[0] for name in store.objects.names(BUCKET, prefix)
    } - {""}
    return f"{prefix}{execution}/"
