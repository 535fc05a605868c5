"""Experiments against the paper's tables, and the pipeline that each becomes."""

import dataclasses
import json
from pathlib import Path

import pytest

from components.recipe import Training
from models.errors import InputError
from models.initialisation import Initialisation
from pipeline.environment import Environment
from pipeline.experiments import EXPERIMENTS, chain, experiment, from_random_weights
from pipeline.paper_tables import TABLE_3, TABLE_4
from pipeline.pipeline import create_pipeline

PAPER = Path(__file__).resolve().parents[3] / "shared" / "paper_tables.json"


@pytest.mark.skipif(not PAPER.exists(), reason="needs ../shared/paper_tables.json")
@pytest.mark.parametrize(("name", "rows"), [("table3", TABLE_3), ("table4", TABLE_4)])
def test_tables_are_the_papers(name, rows):
    def scale(row):
        return str(row.smallest) if row.smallest == row.largest else f"[{row.smallest};{row.largest}]"

    ours = [[row.net, scale(row), list(row.shorter_sides), row.top1, row.top5] for row in rows]
    assert ours == json.loads(PAPER.read_text())[name]


def test_the_recipe_of_section_3_1_is_the_default():
    recipe = Training()
    assert (recipe.batch, recipe.momentum, recipe.learning_rate) == (256, 0.9, 1e-2)
    assert (recipe.l2, recipe.dropout, recipe.most_drops) == (5e-4, 0.5, 3)


def test_each_row_of_tables_3_and_4_is_an_experiment_with_its_own_errors():
    rows = [entry.paper for entry in EXPERIMENTS.values() if entry.paper]
    assert rows == [*TABLE_3, *TABLE_4]
    best = experiment("D-256-512-multiscale")
    assert (best.paper.top1, best.paper.top5) == (24.8, 7.5)
    assert best.evaluation.shorter_sides == (256, 384, 512)


def test_jittered_d_starts_where_the_paper_says():
    stages = chain(experiment("D-256-512"), EXPERIMENTS)
    assert [stage.name for stage in stages] == ["A-256", "D-256", "D-384", "D-256-512"]
    assert [stage.config.training.learning_rate for stage in stages] == [1e-2, 1e-2, 1e-3, 1e-3]


def test_experiments_that_differ_only_in_q_share_the_trained_net():
    for name, entry in EXPERIMENTS.items():
        if name.endswith("-multiscale"):
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


def test_pipelines_name_trainers_by_their_nets_and_write_nothing(tmp_path):
    environment = Environment(data=tmp_path / "data", home=tmp_path / "home")

    def trainers(name):
        nodes = create_pipeline(experiment(name), environment).components
        return [node.id for node in nodes if node.id.startswith("Trainer")]

    assert trainers("demo") == ["Trainer.demo"]
    assert trainers("D-384-multiscale") == ["Trainer.A-256", "Trainer.D-256", "Trainer.D-384"]
    assert not environment.home.exists()


def test_a_model_to_start_from_replaces_the_chain(tmp_path):
    environment = Environment(data=tmp_path, home=tmp_path / "home", init_from=tmp_path / "model")
    nodes = create_pipeline(experiment("D-384"), environment).components
    assert [node.id for node in nodes if node.id.startswith("Trainer")] == ["Trainer.D-384"]


def test_a_q_below_the_crop_is_refused():
    demo = experiment("demo")
    with pytest.raises(InputError, match="smaller than the net's crop of 64"):
        dataclasses.replace(demo, evaluation=dataclasses.replace(demo.evaluation, shorter_sides=(32, 64)))
