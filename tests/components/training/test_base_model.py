"""Training that starts from a model whose classes are in another order, or are others."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from helpers.serving.exported import HEAD, NET

from components.training import base_model
from components.training.base_model import base_weights
from models.errors import InputError
from models.fully_convolutional import fully_convolutional
from models.initial_weights import take_weights
from models.label_space import LabelSpace
from models.vgg import build
from serving.saved_model.description import DESCRIPTION

NAMES = ("ant", "bee", "cat", "dog", "emu", "fox", "gnu")
ORDER = (3, 0, 6, 1, 5, 2, 4)  # the base model's class k is NAMES[ORDER[k]]; not its own inverse
IMAGE = np.random.default_rng(0).uniform(-100, 100, (1, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def base():
    """The net that was trained before, with biases that tell its outputs apart."""
    net = build(NET, seed=1)
    kernel, _ = net.get_layer("fc8").get_weights()
    net.get_layer("fc8").set_weights([kernel, np.arange(7, dtype=np.float32)])
    return net


@pytest.fixture(autouse=True)
def weights(monkeypatch, base):
    """In place of a checkpoint's; what a model says of its classes is in a real file."""
    found = {w.path.replace("/", "_"): np.asarray(w) for w in fully_convolutional(base, NET).weights}
    monkeypatch.setattr(base_model, "read_weights", lambda source: found)


def _described(folder: Path, names) -> str:
    path = folder / DESCRIPTION
    path.parent.mkdir(parents=True)
    head = dataclasses.replace(HEAD, class_names=tuple(names), synsets=())
    path.write_text(json.dumps({"net": dataclasses.asdict(NET), "head": dataclasses.asdict(head)}))
    return str(folder)


def _scores(weights) -> np.ndarray:
    net = build(NET, seed=2)
    take_weights(net, weights)
    return np.asarray(net(IMAGE)).reshape(7)


def test_outputs_follow_their_classes(tmp_path, base, capsys):
    own = np.asarray(base(IMAGE)).reshape(7)
    model = _described(tmp_path, [NAMES[label] for label in ORDER])
    scores = _scores(base_weights(model, LabelSpace(NAMES)))
    for label, name in enumerate(NAMES):
        assert scores[label] == pytest.approx(own[ORDER.index(label)], abs=1e-4), name
    assert capsys.readouterr().out == (
        f"base model {model}: its classes are in another order; matched by their names\n"
    )


def test_the_same_order_is_taken_as_it_is(tmp_path, base, capsys):
    scores = _scores(base_weights(_described(tmp_path, NAMES), LabelSpace(NAMES)))
    np.testing.assert_allclose(scores, np.asarray(base(IMAGE)).reshape(7), atol=1e-4)
    assert capsys.readouterr().out == ""


def test_classes_without_names_are_taken_on_trust_and_this_is_said(tmp_path, capsys):
    base_weights(_described(tmp_path, NAMES), LabelSpace(("",) * 7))
    assert "name no classes; that both number them alike is taken on trust" in capsys.readouterr().out


def test_other_classes_are_one_line(tmp_path):
    model = _described(tmp_path, (*NAMES[:6], "yak"))
    with pytest.raises(InputError) as caught:
        base_weights(model, LabelSpace(NAMES))
    assert str(caught.value) == (
        f"base model {model}: class 6, counted from 0, is 'yak', the training data's is 'gnu'; "
        "start from a net of the same classes, in any order, or from random weights"
    )
    with pytest.raises(InputError, match="7 classes; expected 3; start from a net of the same classes"):
        base_weights(model, LabelSpace(NAMES[:3]))
