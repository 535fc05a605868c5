"""Which evaluations are not the experiment whose name they bear, and so fill no row of the paper's tables."""

import dataclasses

import pytest

from components.evaluation.averaging_plan import averaging_plan
from models.protocols import Protocol
from pipeline.experiments.catalogue import EXPERIMENTS, fused
from pipeline.report.alterations import alteration
from pipeline.report.evaluated import DataSet, Evaluated, TrainedNet


def as_run(name: str, **changes) -> tuple[Evaluated, dict[int, TrainedNet]]:
    """What a run of an experiment leaves, tested as `changes` to each net's Evaluation say."""
    entries = fused(EXPERIMENTS[name], EXPERIMENTS)
    members = [(one.name, one.weights, dataclasses.replace(one.evaluation, **changes)) for one in entries]
    plan = averaging_plan(members)
    nets = {
        id_: TrainedNet(id_, one.weights, one.config, 0 if one.starts_from else None, "", "", 0.0)
        for id_, one in enumerate(entries, start=1)
    }
    groups, data = plan.averages[-1].groups, DataSet("", "", {}, "")
    return Evaluated(name, "", "", plan.views, groups, tuple(nets), data, "", 0.0, (), None), nets


@pytest.mark.parametrize(
    "name", ["demo", "D-256-512-multiscale", "D-256-512-multi-crop-dense", "fusion-7-dense"]
)
def test_an_experiment_run_as_it_stands_is_itself(name):
    assert alteration(*as_run(name), EXPERIMENTS[name]) == ""


def test_crops_fill_no_dense_row_though_the_q_are_the_same():
    evaluated, nets = as_run("D-256-512-multiscale", protocol=Protocol.MULTI_CROP)
    assert alteration(evaluated, nets, EXPERIMENTS["D-256-512-multiscale"]) == (
        "D-256-512 was tested multi-crop at Q = 256, 384, 512 with the flip, "
        "not dense at Q = 256, 384, 512 with the flip"
    )
    assert alteration(evaluated, nets, EXPERIMENTS["D-256-512-multi-crop"]) == ""


def test_one_of_two_methods_is_not_both():
    evaluated, nets = as_run("D-256-512-multi-crop-dense", protocol=Protocol.DENSE)
    found = alteration(evaluated, nets, EXPERIMENTS["D-256-512-multi-crop-dense"])
    assert found.endswith("not multi-crop at Q = 256, 384, 512 and dense at Q = 256, 384, 512 with the flip")


def test_a_fusion_of_nets_that_were_tested_otherwise():
    evaluated, nets = as_run("fusion-D-E-dense", protocol=Protocol.MULTI_CROP)
    assert alteration(evaluated, nets, EXPERIMENTS["fusion-D-E-dense"]).startswith(
        "D-256-512 was tested multi-crop"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"shorter_sides": (64, 72)}, "demo was tested dense at Q = 64, 72 with the flip, not dense"),
        ({"flip": False}, "demo was tested dense at Q = 64, 72, 80 without the flip, not dense"),
    ],
)
def test_other_q_or_no_flip(changes, said):
    assert alteration(*as_run("demo", **changes), EXPERIMENTS["demo"]).startswith(said)


def test_another_net_recipe_or_origin():
    entry, (evaluated, nets) = EXPERIMENTS["D-384"], as_run("D-384")
    (net,) = nets.values()
    others = {
        "its net is D-384-glorot": dataclasses.replace(net, weights="D-384-glorot"),
        "D-384 was trained by another recipe than this version's": dataclasses.replace(
            net, config=EXPERIMENTS["D-256"].config
        ),
        "D-384 started from another model than the experiment says": dataclasses.replace(net, base=None),
    }
    for said, other in others.items():
        assert alteration(evaluated, {1: other}, entry) == said
    assert alteration(evaluated, nets, None) == "this version knows no experiment of that name"


def test_what_an_older_version_wrote_down_otherwise_is_not_taken_on_trust():
    evaluated, nets = as_run("demo")
    assert alteration(dataclasses.replace(evaluated, groups=()), nets, EXPERIMENTS["demo"])
