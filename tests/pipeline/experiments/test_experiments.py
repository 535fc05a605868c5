"""Experiments against the paper's tables, and the pipeline that each becomes."""

import dataclasses
import json
from pathlib import Path

import pytest

from components.recipe import TrainerConfig, Training, from_json
from models.errors import InputError
from models.initialisation import Initialisation
from models.net import Net
from pipeline.environment import Environment
from pipeline.experiments.catalogue import (
    EXPERIMENTS,
    all_from_random_weights,
    chain,
    experiment,
    experiments_named,
    from_random_weights,
)
from pipeline.experiments.paper_tables import TABLE_3, TABLE_4, TABLE_5, TABLE_6, TABLE_7
from pipeline.pipeline import create_pipeline

PAPER = Path(__file__).resolve().parents[4] / "shared" / "paper_tables.json"


SINGLE_NETS = (*TABLE_3, *TABLE_4, *TABLE_5)


def _scale(row) -> str:
    return str(row.smallest) if row.smallest == row.largest else f"[{row.smallest};{row.largest}]"


@pytest.mark.skipif(not PAPER.exists(), reason="needs ../shared/paper_tables.json")
@pytest.mark.parametrize(("name", "rows"), [("table3", TABLE_3), ("table4", TABLE_4)])
def test_tables_are_the_papers(name, rows):
    ours = [[row.net, _scale(row), list(row.shorter_sides), row.top1, row.top5] for row in rows]
    assert ours == json.loads(PAPER.read_text())[name]


@pytest.mark.skipif(not PAPER.exists(), reason="needs ../shared/paper_tables.json")
def test_table_5_is_the_papers():
    names = {"multi-crop-dense": "multi-crop & dense"}
    ours = [[r.net, names.get(r.protocol.value, r.protocol.value), r.top1, r.top5] for r in TABLE_5]
    assert ours == json.loads(PAPER.read_text())["table5"]
    assert {(row.smallest, row.largest, row.shorter_sides) for row in TABLE_5} == {
        (256, 512, (256, 384, 512))
    }


@pytest.mark.skipif(not PAPER.exists(), reason="needs ../shared/paper_tables.json")
def test_table_6_is_the_papers():
    for row, theirs in zip(TABLE_6, json.loads(PAPER.read_text())["table6"], strict=True):
        members = [EXPERIMENTS[name].paper for name in row.members]
        assert [[m.net, _scale(m), list(m.shorter_sides)] for m in members] == theirs["nets"]
        assert {m.protocol.value.replace("-crop-", "-crop & ") for m in members} == {theirs["evaluation"]}
        assert (row.name, row.top1, row.top5) == (theirs["name"], theirs["top1_val"], theirs["top5_val"])


@pytest.mark.skipif(not PAPER.exists(), reason="needs ../shared/paper_tables.json")
def test_table_7_is_the_papers():
    ours = [[row.method, row.top1, row.top5, row.top5_test] for row in TABLE_7]
    assert ours == json.loads(PAPER.read_text())["table7"]


def test_the_papers_own_rows_of_table_7_are_experiments_with_the_same_errors():
    ours = [row for row in TABLE_7 if row.method.startswith("VGG")]
    assert [(row.top1, row.top5) for row in ours] == [
        (experiment(row.experiment).paper.top1, experiment(row.experiment).paper.top5) for row in ours
    ]
    assert [len(experiment(row.experiment).fused_with) + 1 for row in ours] == [2, 1, 7]
    assert not any(row.experiment for row in TABLE_7 if row not in ours)


def test_the_recipe_of_section_3_1_is_the_default():
    recipe = Training()
    assert (recipe.batch, recipe.momentum, recipe.learning_rate) == (256, 0.9, 1e-2)
    assert (recipe.l2, recipe.dropout, recipe.most_drops) == (5e-4, 0.5, 3)


@pytest.mark.parametrize("row", [*SINGLE_NETS, *TABLE_6])
def test_each_row_is_an_experiment_and_has_a_miniature(row):
    """Table 5's dense rows are rows of Table 4: the same experiment."""
    for name in (row.experiment, f"mini-{row.experiment}"):
        paper = experiment(name).paper
        assert (paper.top1, paper.top5, paper.protocol) == (row.top1, row.top5, row.protocol)
    entry = experiment(row.experiment)
    if row in SINGLE_NETS:
        assert entry.evaluation.shorter_sides == row.shorter_sides
        assert entry.evaluation.protocol is row.protocol
        assert entry.config.training.scales == (row.smallest, row.largest)
    else:
        assert (entry.name, *entry.fused_with)[1:] == row.members[1:]
        assert entry.weights == experiment(row.members[0]).weights


def test_miniatures_scale_every_length_by_64_to_224():
    mini = experiment("mini-D-256-512-multi-crop")
    assert mini.config.training.scales == (73, 146)
    assert mini.evaluation.shorter_sides == (73, 110, 146)
    assert mini.config.net == Net("D", classes=5, width=8, input_size=64)
    stages = chain(mini, EXPERIMENTS)
    assert [stage.name for stage in stages] == ["mini-A-256", "mini-D-256", "mini-D-384", mini.name]


def test_a_pattern_names_several():
    names = [entry.name for entry in experiments_named("fusion-D-E-*")]
    assert names == ["fusion-D-E-dense", "fusion-D-E-multi-crop", "fusion-D-E-multi-crop-dense"]
    with pytest.raises(InputError, match="'F-.*': none matches"):
        experiments_named("F-*")


def test_jittered_d_starts_where_the_paper_says():
    stages = chain(experiment("D-256-512"), EXPERIMENTS)
    assert [stage.name for stage in stages] == ["A-256", "D-256", "D-384", "D-256-512"]
    assert [stage.config.training.learning_rate for stage in stages] == [1e-2, 1e-2, 1e-3, 1e-3]


def test_experiments_that_differ_only_in_q_share_the_trained_net():
    for name, entry in EXPERIMENTS.items():
        if name.endswith("-multiscale") and not entry.fused_with:
            single = experiment(name.removesuffix("-multiscale"))
            assert (entry.weights, entry.config, entry.starts_from) == (
                single.weights,
                single.config,
                single.starts_from,
            )


def test_the_chain_can_be_cut_off():
    cut = from_random_weights(experiment("D-384"), Initialisation.GLOROT)
    assert chain(cut, EXPERIMENTS) == [cut]
    assert cut.config.training.learning_rate == 1e-2
    assert cut.weights == "D-384-glorot"


def test_a_net_cut_off_from_a_miniature_chain_has_the_miniatures_rate():
    cut = from_random_weights(experiment("mini-D-384"), Initialisation.HE)
    assert cut.config.training.learning_rate == 2.5e-3
    assert cut.config.training.initialisation is Initialisation.HE


def test_random_weights_reach_each_net_of_a_fusion(tmp_path):
    environment = Environment(data=tmp_path, home=tmp_path / "home")
    experiments = all_from_random_weights(Initialisation.PAPER)
    whole = experiment("fusion-7-dense", experiments)
    trainers = {
        node.id: node
        for node in create_pipeline(whole, environment, experiments).components
        if node.id.startswith("Trainer")
    }
    nets = {"D-256", "D-384", "D-256-512", "C-256", "C-384", "E-256", "E-384"}
    assert set(trainers) == {f"Trainer.{net}-paper" for net in nets}
    for trainer in trainers.values():
        assert "base_model" not in trainer.inputs
        config = from_json(TrainerConfig, json.loads(trainer.exec_properties["custom_config"])["config"])
        assert config.training.initialisation is Initialisation.PAPER
        assert config.training.learning_rate == 1e-2
    assert EXPERIMENTS["D-256"].starts_from == "A-256", "the list itself stays"


def test_whether_there_is_docker_is_looked_up_or_said(tmp_path, monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr("pipeline.environment.DOCKER_SOCKET", tmp_path / "docker.sock")
    assert not Environment.from_variables({}).docker
    assert Environment.from_variables({"VGG_DOCKER": "1"}).docker
    (tmp_path / "docker.sock").touch()
    assert Environment.from_variables({}).docker
    assert not Environment.from_variables({"VGG_DOCKER": "0"}).docker
    with pytest.raises(InputError, match="VGG_DOCKER=yes: expected 1, .* or 0"):
        Environment.from_variables({"VGG_DOCKER": "yes"})


def test_a_q_below_the_crop_is_refused():
    demo = experiment("demo")
    with pytest.raises(InputError, match="smaller than the net's crop of 64"):
        dataclasses.replace(demo, evaluation=dataclasses.replace(demo.evaluation, shorter_sides=(32, 64)))
