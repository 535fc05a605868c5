"""The demo as its user runs it: `vgg data sample`, then `tfx run create --pipeline vgg`, twice."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.pipeline.artifacts_of_demo import (
    field_of,
    first_model,
    first_predictions,
    mean_rgb,
    validation_images,
    weights_of,
)
from helpers.pipeline.demo_home import Demo
from helpers.pipeline.demo_scripts import NODES, ONE_EPOCH, TUNE_AND_TRANSFER
from helpers.tfds_records import sample_as_tfds

from pipeline.experiments.experiment_file import read_experiment

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Demo:
    made = Demo(tmp_path_factory.mktemp("demo"))
    sample = made.command("vgg", "data", "sample", "--out", str(made.data))
    assert sample.returncode == 0, sample.stderr
    return made


@pytest.fixture(scope="module")
def first_run(demo) -> subprocess.CompletedProcess:
    return demo.command("tfx", "run", "create", "--pipeline", "vgg")


def test_first_run_trains_and_pushes_a_model_that_is_good_enough(demo, first_run):
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    assert first_run.stderr == ""
    errors = dict(re.findall(r"│ (Q64|Q72|Q80|average) +│ +([\d.]+)% │", first_run.stdout))
    assert set(errors) == {"Q64", "Q72", "Q80", "average"}
    assert float(errors["average"]) <= 15.0
    assert demo.runs() == [Counter(COMPLETE=len(NODES))]
    assert f"Report: {demo.home}/report/index.html" in first_run.stdout
    assert (demo.home / "report" / "index.html").stat().st_size > 10_000


def test_second_run_is_answered_from_the_cache(demo, first_run):
    again = demo.command("tfx", "run", "create", "--pipeline_name", "vgg")
    assert again.returncode == 0, again.stdout + again.stderr
    assert demo.runs()[1:] == [Counter(CACHED=len(NODES))]
    pushed = re.compile(r"Pushed model: (.+)")
    assert pushed.search(again.stdout)[1] == pushed.search(first_run.stdout)[1]
    assert set(re.findall(r"([\w.]+) +cached", again.stdout)) == NODES


def test_the_pushed_model_classifies_a_photograph_through_the_v1_loader(demo, first_run):
    (version,) = (demo.home / "serving" / "vgg").iterdir()
    assert str(version) in first_run.stdout
    images, labels = validation_images(demo.data, 20)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        model = tf.compat.v1.saved_model.load(session, ["serve"], str(version))
        signature = model.signature_def["serving_default"]
        fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
        found = session.run(fetches, {signature.inputs["image_bytes"].name: images})
    assert found["top_classes"].shape == (20, 5)
    np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1.0, atol=1e-5)
    right = sum(top[0].decode() == label for top, label in zip(found["top_classes"], labels, strict=True))
    assert right >= 17


def test_every_stage_hands_on_what_the_one_before_it_made(demo, first_run):
    """That the demo's error is small hides much: each artifact is compared with what it is made of."""
    (version,) = (demo.home / "serving" / "vgg").iterdir()
    trained, exported = (first_model(demo.home, node) for node in ("Trainer.demo", "Exporter"))
    weights = [weights_of(folder) for folder in (trained, exported, version)]
    assert len(weights[0]) == 22  # net A: eight convolutional and three fully connected layers
    for name, value in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], value)
        np.testing.assert_array_equal(weights[2][name], value)
    head = json.loads((version / "assets.extra" / "vgg.json").read_text())["head"]
    mean = mean_rgb(demo.data)
    near = 0.02  # grey levels
    assert np.abs(np.diff([*mean, mean[0]])).min() > 10 * near, "else an order of channels would not show"
    np.testing.assert_allclose(head["mean_rgb"], mean, atol=near)
    assert head["shorter_sides"] == [64, 72, 80]


def test_the_pushed_model_answers_what_the_evaluation_stored(demo, first_run):
    """And the errors on the terminal are those of the stored posteriors, counted here."""
    (version,) = (demo.home / "serving" / "vgg").iterdir()
    stored = first_predictions(demo.home)
    assert len(stored) == 300
    for name in ("Q64", "Q72", "Q80", "average"):
        wrong = sum(np.argmax(image[name]) != image["label"] for image in stored.values())
        shown = re.search(rf"│ {name} +│ +([\d.]+)% │", first_run.stdout)[1]
        assert float(shown) == pytest.approx(100 * wrong / 300, abs=0.051)
    records = list(tf.data.TFRecordDataset(sorted(map(str, demo.data.glob("validation-*")))).take(40))
    images, _ = validation_images(demo.data, 40)
    served = tf.saved_model.load(str(version)).signatures["serving_default"](image_bytes=tf.constant(images))
    expected = [stored[hashlib.sha256(record.numpy()).digest()[:16]]["average"] for record in records]
    np.testing.assert_allclose(served["probabilities"], expected, atol=1e-4)


def test_evaluating_the_pushed_model_gives_the_runs_figures_and_keeps_its_forward_passes(demo, first_run):
    (version,) = (demo.home / "serving" / "vgg").iterdir()
    words = ("vgg", "evaluate", "--model", str(version), "--data", str(demo.data))
    dense = demo.command(*words, "--json")
    assert dense.returncode == 0, dense.stderr
    figures = {figure["name"]: figure for figure in json.loads(dense.stdout) if not figure["of_class"]}
    run = dict(re.findall(r"│ (Q64|Q72|Q80|average) +│ +([\d.]+)% │", first_run.stdout))
    assert {name: f"{100 * figure['top1_error']['value']:.1f}" for name, figure in figures.items()} == run
    assert {figure["images"] for figure in figures.values()} == {300}
    both = demo.command(*words, "--protocol", "multi-crop-dense", "--q", "64,72")
    assert both.returncode == 0, both.stderr
    scored = re.findall(r"scoring .+, ([\w-]+), Q = (\d+)", both.stdout)
    assert scored == [("multi-crop", "64"), ("multi-crop", "72")]
    assert re.search(r"^ *multi-crop +[\d.]+ \[[\d.]+, [\d.]+\]", both.stdout, re.MULTILINE)


def test_an_evaluation_that_was_killed_counts_each_image_once(demo, first_run, tmp_path):
    (version,) = (demo.home / "serving" / "vgg").iterdir()
    words = ("vgg", "evaluate", "--model", str(version), "--data", str(demo.data), "--q", "64", "--json")
    whole = demo.command(*words, "--home", str(tmp_path))
    (view,) = (tmp_path / "posteriors").iterdir()  # and nothing of the evaluation itself
    (view / "view.json").unlink()
    shards = sorted(view.glob("posteriors-*"))
    shutil.copy(shards[0], view / shards[0].name.replace("-of-", "9-of-"))
    again = demo.command(*words, "--home", str(tmp_path))
    assert (again.returncode, again.stderr) == (0, "")
    errors = [[one["top1_error"]["value"] for one in json.loads(each.stdout)] for each in (whole, again)]
    assert errors[0] == errors[1]
    file = tmp_path / "file"
    file.write_text("")
    nowhere = demo.command(*words, "--home", str(file))
    assert nowhere.returncode == 1
    assert len(nowhere.stderr.splitlines()) == 1
    assert nowhere.stderr.startswith("vgg: evaluate: ")


@pytest.fixture(scope="module")
def one_epoch_each(demo, first_run, tmp_path_factory) -> tuple[list[str], Path]:
    """What three runs of an epoch each said, and a tuning and an SVM in the home of the third, which is of
    TensorFlow Datasets' layout; and that home's folder."""
    tfds = tmp_path_factory.mktemp("tfds")
    sample_as_tfds(tfds)
    of_tfds = {"VGG_DATA": str(tfds / "data"), "VGG_HOME": str(tfds / "home")}
    runs = [({"most": 0.01}, {}), ({"most_worse": 0.05}, {}), ({"most": 1.0}, of_tfds)]
    (base,) = (demo.home / "serving" / "vgg").iterdir()
    script, tuned = ONE_EPOCH + TUNE_AND_TRANSFER, str(tfds / "tuned.toml")
    ended = demo.command(sys.executable, "-c", script, json.dumps(runs), str(base), tuned)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    *said, rest = re.split(r"(?<=^Status: \d)\n", ended.stdout, flags=re.MULTILINE)
    assert (len(said), rest) == (5, "")
    return said, tfds


def test_a_model_above_its_threshold_is_not_pushed_and_the_line_says_by_how_much(demo, one_epoch_each):
    refused = one_epoch_each[0][0]
    assert refused.endswith("Status: 3"), refused
    line = re.search(
        r"Not blessed: top-1 error, averaged over all views, is ([\d.]+)%, "
        r"([\d.]+)% above its threshold 1.0%",
        refused,
    )
    assert float(line[1]) - float(line[2]) == pytest.approx(1.0, abs=0.11)
    assert "No model was pushed." in refused
    assert len(list((demo.home / "serving" / "vgg").iterdir())) == 1


def test_a_model_worse_than_the_last_blessed_one_is_not_pushed(one_epoch_each):
    worse = one_epoch_each[0][1]
    assert worse.endswith("Status: 3"), worse
    line = re.search(
        r"Not blessed: top-1 error, averaged over all views, is ([\d.]+)% above the last blessed model's, "
        r"([\d.]+)% more than its threshold 5.0%",
        worse,
    )
    assert float(line[1]) - float(line[2]) == pytest.approx(5.0, abs=0.11)
    assert "Scorer.baseline.dense.64" in worse


def test_tfds_layout_runs_with_its_own_label_space(one_epoch_each):
    (_, _, run, _, _), folder = one_epoch_each
    assert run.endswith("Status: 0"), run
    assert "Classes: 10, as experiment demo has; the data do not tell" in run
    version, _ = sorted((folder / "home" / "serving" / "vgg").iterdir())
    model = tf.saved_model.load(str(version))
    records = tf.data.TFRecordDataset(sorted(map(str, (folder / "data").glob("*validation*"))))
    examples = tf.constant(list(records.as_numpy_iterator()))
    labels = model.signatures["labels"](examples)["label"].numpy()
    assert set(labels) == set(range(10))
    names = model.signatures["serving_default"](field_of(examples, "image"))["top_classes"].numpy()
    assert set(names.reshape(-1)) <= {f"class {label}".encode() for label in range(10)}


def test_a_tuning_reads_no_data_anew_and_its_best_trial_is_an_experiment(one_epoch_each):
    (*_, said, _), folder = one_epoch_each
    assert said.endswith("Status: 0"), said
    before = {"ShardExampleGen", "StatisticsGen", "Transform", "UndecodableGate"}
    assert before <= set(re.findall(r"([\w.]+) +cached", said))
    first, second = re.findall(
        r"trial \d of 2: learning_rate ([\d.e-]+)\n(?:.*\n)+?  top-1 error ([\d.]+) %", said
    )
    assert first[0] == "0.0025", "the experiment as it is"
    best = min(first, second, key=lambda trial: float(trial[1]))
    rows = re.findall(r"^ +([12]) +([\d.e-]+) +([\d.]+)% ", said, re.MULTILINE)
    assert [(rate, error) for _, rate, error in rows][0] == best
    own = read_experiment(str(folder / "tuned.toml")).config
    assert own.training.learning_rate == float(best[0])
    assert (own.net.width, own.training.batch) == (32, 8)


def test_an_svm_is_pushed_and_answers_as_it_was_evaluated(one_epoch_each):
    (*_, said), folder = one_epoch_each
    assert said.endswith("Status: 0"), said
    assert "Transform" in re.findall(r"([\w.]+) +cached", said)
    assert len(re.findall(r"  Descriptors\.64 +[\d.]+ s\n", said)) == 1
    _, version = sorted((folder / "home" / "serving" / "vgg").iterdir())
    records = tf.data.TFRecordDataset(sorted(map(str, (folder / "data").glob("*validation*"))))
    examples = tf.constant(list(records.as_numpy_iterator()))
    model = tf.saved_model.load(str(version))
    labels = model.signatures["labels"](examples)["label"].numpy()
    best = model.signatures["serving_default"](field_of(examples, "image"))["top_classes"].numpy()[:, 0]
    wrong = [name.decode() != f"class {label}" for name, label in zip(best, labels, strict=True)]
    (error,) = re.findall(r"average +│ +([\d.]+)%", said)
    assert float(error) == pytest.approx(100 * np.mean(wrong), abs=0.1)
    assert float(error) < 50, "a net that knows these shapes describes them"


def test_a_label_outside_the_range_stops_the_run_before_training(demo, first_run, tmp_path):
    """The demo's ten classes as an experiment of five, where no dataset.json tells that beforehand."""
    for shard in demo.data.glob("*-of-*"):
        (tmp_path / shard.name).symlink_to(shard)
    stopped = demo.command("vgg", "run", "--experiment", "flowers", VGG_DATA=str(tmp_path))
    assert stopped.returncode == 2, stopped.stdout + stopped.stderr
    (line,) = stopped.stderr.splitlines()
    assert "image/class/label" in line
    assert "train split" in line
    assert "Trainer" not in stopped.stdout
