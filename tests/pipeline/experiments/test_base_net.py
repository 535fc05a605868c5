"""The experiment finetune: the net of the model that it starts from, and what becomes of S and Q."""

import dataclasses

import pytest

from components.recipe import TrainedLayers
from models.errors import InputError
from models.net import Net
from pipeline.experiments.base_net import with_net_of_base
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.experiment_file import read_experiment
from pipeline.running.run import run

FINETUNE = EXPERIMENTS["finetune"]


def test_a_published_net_keeps_the_papers_scales():
    found = with_net_of_base(FINETUNE, Net("E", classes=1000))
    assert found.config.net == Net("E", classes=FINETUNE.config.net.classes)
    assert found.config.training == FINETUNE.config.training
    assert found.evaluation == FINETUNE.evaluation


def test_of_a_smaller_crop_s_and_q_are_as_in_the_miniatures():
    found = with_net_of_base(FINETUNE, Net("A", classes=10, width=8, input_size=64))
    assert found.config.net == Net("A", classes=FINETUNE.config.net.classes, width=8, input_size=64)
    mini = EXPERIMENTS["mini-D-256-512-multiscale"]
    assert found.config.training.scales == mini.config.training.scales == (73, 146)
    assert found.evaluation.shorter_sides == mini.evaluation.shorter_sides == (73, 110, 146)
    rest = {"smallest_side": 256, "largest_side": 512}
    assert dataclasses.replace(found.config.training, **rest) == FINETUNE.config.training


def test_q_is_never_smaller_than_the_crop():
    sides = dataclasses.replace(FINETUNE.evaluation, shorter_sides=(224,))
    entry = dataclasses.replace(FINETUNE, evaluation=sides)
    assert with_net_of_base(entry, Net("A", input_size=32)).evaluation.shorter_sides == (32,)


def test_without_a_model_to_start_from_it_is_one_line(tmp_path):
    variables = {"VGG_EXPERIMENT": "finetune", "VGG_HOME": str(tmp_path / "home"), "VGG_DATA": str(tmp_path)}
    with pytest.raises(InputError, match="experiment finetune: starts from a model, and none is named"):
        run(variables)
    assert list(tmp_path.iterdir()) == []


def test_which_layers_are_trained_is_a_field(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "finetune"\n[training]\ntrained_layers = "last"\n')
    found = read_experiment(str(tmp_path / "mine.toml"))
    assert found.config.training.trained_layers is TrainedLayers.LAST
    assert found.net_of_base
    (tmp_path / "mine.toml").write_text('base = "finetune"\n[training]\ntrained_layers = "first"\n')
    with pytest.raises(InputError, match="expected one of all, fc, last, svm"):
        read_experiment(str(tmp_path / "mine.toml"))
