"""The pipeline as it is compiled for Vertex and Kubeflow runs task by task, to the local run's posteriors."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.artifacts_of_demo import first_predictions, predictions_in
from helpers.pipeline.stand_in_engine import StandInEngine, forked

from components.datasets.sample import write_sample
from pipeline.engine import Engine
from pipeline.orchestration.engine_settings import EngineSettings
from pipeline.orchestration.job import job_of
from pipeline.running.run import run

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

CLUSTER = EngineSettings(image="REGISTRY/vgg@sha256:0")
ONE_EPOCH = """
base = "demo"
name = "one-epoch"
[training]
most_epochs = 1
[evaluation]
shorter_sides = [64, 80]
[[evaluation.thresholds]]
metric = "top1_error"
most_worse = 0.0
"""
BASELINE = {f"scorer-baseline-dense-{q}" for q in (64, 80)}
AFTER = {"averager", "evaluator", "infra-validation", "pusher"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("engine")
    write_sample(made / "data", train_per_class=10, validation_per_class=3)
    (made / "one.toml").write_text(ONE_EPOCH)
    return made


def _variables(folder: Path, home: str) -> dict[str, str]:
    return {
        "VGG_EXPERIMENT": str(folder / "one.toml"),
        "VGG_DATA": str(folder / "data"),
        "VGG_HOME": str(folder / home),
        "VGG_SET": "net.classes=10",
    }


@pytest.fixture(scope="module")
def spec(folder) -> dict:
    return job_of(Engine.KUBEFLOW, CLUSTER, _variables(folder, "cluster"), fingerprinted=True).spec[
        "pipelineSpec"
    ]


@pytest.fixture(scope="module")
def engine(folder, spec) -> StandInEngine:
    made = StandInEngine(folder / "cluster", hooks=True)
    made.states = made.run(spec)
    return made


def test_every_task_runs_and_the_posteriors_are_the_local_runs(folder, engine):
    assert set(engine.states.values()) == {"ran"}
    assert {"last-pushed", "trainer-one-epoch", *BASELINE, *AFTER} <= set(engine.states)
    assert forked(run, {**os.environ, **_variables(folder, "home")}) == 0
    expected = first_predictions(folder / "home")
    found = predictions_in(engine.artifact("averager", "predictions"))
    assert found.keys() == expected.keys()
    for key, image in expected.items():
        assert found[key]["label"] == image["label"]
        for average in ("Q64", "Q80", "average"):
            np.testing.assert_allclose(found[key][average], image[average], atol=1e-5)


def test_the_pushed_model_answers_and_is_the_baseline_of_the_next_run(folder, spec, engine):
    (version,) = (folder / "cluster" / "serving" / "vgg").iterdir()
    photograph = _first_validation_image(folder / "data")
    answers = tf.saved_model.load(str(version)).signatures["serving_default"](tf.constant([photograph]))
    assert answers["probabilities"].numpy().sum() == pytest.approx(1.0, abs=1e-5)
    assert not list(engine.artifact("last-pushed", "model").iterdir())
    again = engine.run(spec)
    assert {task for task, state in again.items() if state == "ran"} == {"last-pushed", *BASELINE, *AFTER}
    found = predictions_in(engine.artifact("averager", "predictions"))
    for image in found.values():
        np.testing.assert_array_equal(image["baseline/average"], image["average"])
    assert len(list((folder / "cluster" / "serving" / "vgg").iterdir())) == 2


def _first_validation_image(data: Path) -> bytes:
    records = tf.data.TFRecordDataset(sorted(map(str, data.glob("validation-*"))))
    feature = tf.train.Example.FromString(next(records.as_numpy_iterator())).features.feature
    return feature["image/encoded"].bytes_list.value[0]
