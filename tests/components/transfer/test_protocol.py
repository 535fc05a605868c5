"""`vgg transfer`: descriptors of several Q and nets as one, kept between calls; the SVM's figures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from helpers.serving.model_server import VERSION

from components.transfer import protocol
from components.transfer.described import Described
from components.transfer.describing_on_beam import _record
from components.transfer.protocol import OverQ, combined
from models.errors import InputError
from pipeline.commands.transfer import transfer


def described(*rows, names=("a", "b")) -> Described:
    has = np.eye(2, dtype=bool)
    return Described(names, np.array(rows, np.float32), has, np.ones_like(has), np.ones(2, bool))


def test_averages_and_stacks_by_hand():
    """Of lengths 5 and 5: the average is normalised once, each stacked part by itself and then the whole."""
    q1, q2 = described([3, 4], [5, 0]), described([5, 0], [0, 5])
    average = combined([[q1, q2]], OverQ.AVERAGE).features
    np.testing.assert_allclose(average, [np.array([4, 2]) / 20**0.5, np.array([1, 1]) / 2**0.5], atol=1e-6)
    stacked = combined([[q1, q2]], OverQ.STACK).features
    np.testing.assert_allclose(stacked, np.array([[0.6, 0.8, 1, 0], [1, 0, 0, 1]]) / 2**0.5, atol=1e-6)
    two_nets = combined([[q1], [described([0, 0, 2], [1, 0, 0])]], OverQ.AVERAGE).features
    np.testing.assert_allclose(two_nets, np.array([[0.6, 0.8, 0, 0, 1], [1, 0, 1, 0, 0]]) / 2**0.5, atol=1e-6)


def test_descriptors_of_other_images_are_refused():
    with pytest.raises(InputError, match="of other images"):
        combined([[described([1, 0], [0, 1]), described([1, 0], [0, 1], names=("a", "c"))]], OverQ.STACK)


@pytest.fixture
def passes(monkeypatch):
    """(model, Q) of each forward pass; a stand-in for the net: its descriptors lie near the class's axis."""
    seen = []

    def describe_splits(pipeline, files, folders, model, side, *, flip):
        seen.append((Path(model).name, side))
        for split, folder in folders.items():
            tf.io.gfile.makedirs(folder)
            random = np.random.default_rng(len(split))
            with tf.io.TFRecordWriter(f"{folder}/descriptors") as writer:
                for n in range(30):
                    features = np.float32(random.random(3) * 0.2)
                    features[n % 3] += 1
                    label = (n + 1) % 3 if split == "eval" and n == 0 else n % 3
                    key = n.to_bytes(16, "big")
                    writer.write(_record(key, f"{n}.jpg", [label], [], True, features))

    monkeypatch.setattr(protocol, "describe_splits", describe_splits)
    return seen


@pytest.fixture
def data(tmp_path):
    """A data set to its names: what lies in it is the stand-in's affair."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("train", "validation"):
        (folder / f"{name}-00000-of-00001").write_bytes(b"")
    (folder / "dataset.json").write_text(json.dumps({"class_names": ["a", "b", "c"]}))
    return folder


def run(*arguments) -> str:
    result = CliRunner().invoke(transfer, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_the_command_gives_the_figures_and_repeats_no_forward_pass(passes, data, pushed, tmp_path):
    """One of the 30 test images is of another class than it looks: recalls 9/10, 10/10 and 10/11."""
    other = tmp_path / "other"
    shutil.copytree(pushed / str(VERSION), other)
    (other / "assets.extra" / "vgg.json").write_text(
        (other / "assets.extra" / "vgg.json").read_text().replace("owl", "eagle")
    )
    given = ["--data", data, "--home", tmp_path / "home", "--q", "64,96"]
    text = run("--model", pushed / str(VERSION), *given)
    assert passes == [(str(VERSION), 64), (str(VERSION), 96)]
    assert "mean class recall: 97.0 % [" in text
    assert "30 images to train, 30 to test, 3 classes" in text
    document = json.loads(
        run("--model", pushed / str(VERSION), "--model", other, "--stack", "--json", *given)
    )
    assert passes[2:] == [("other", 64), ("other", 96)]
    assert document["images"] == {"train": 30, "test": 30}
    figure = document["figures"]["mean class recall"]
    assert figure["lower"] <= figure["value"] == pytest.approx((1 + 1 + 10 / 11) / 3)


def test_mistakes_are_one_line(passes, data, pushed, tmp_path):
    for arguments, why in (
        (["--q", "32"], "Q 32 is smaller than its crop of 64"),
        (["--model", tmp_path], "assets.extra/vgg.json"),
    ):
        with pytest.raises(InputError, match=why):
            run("--model", pushed / str(VERSION), "--data", data, "--home", tmp_path, *arguments)
    (data / "dataset.json").unlink()
    with pytest.raises(InputError, match="does not tell its classes"):
        run("--model", pushed / str(VERSION), "--data", data, "--home", tmp_path)
    assert passes == []
