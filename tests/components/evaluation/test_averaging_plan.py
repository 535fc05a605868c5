"""Which posteriors an evaluation averages; nothing here needs TensorFlow."""

import pytest

from components.evaluation.averaging_plan import Average, AveragingPlan, Group, averaging_plan, output_of
from components.evaluation.view import View
from components.recipe import Evaluation
from models.protocols import Method, Protocol

DENSE, CROPS = Method.DENSE, Method.MULTI_CROP


def _group(weights: str, *looks: tuple[Method, int], flip: bool = True) -> Group:
    return Group(tuple(View(weights, method, q) for method, q in looks), flip)


def _average(name: str, *groups: Group) -> Average:
    return Average(name, groups)


def test_one_net_and_one_method_have_a_figure_for_each_q_and_one_for_all():
    plan = averaging_plan([("D", "D-256", Evaluation((224, 256), flip=False))])
    first, second = (DENSE, 224), (DENSE, 256)
    assert plan == AveragingPlan(
        (
            _average("Q224", _group("D-256", first, flip=False)),
            _average("Q256", _group("D-256", second, flip=False)),
            _average("average", _group("D-256", first, second, flip=False)),
        )
    )
    assert plan.names == ("Q224", "Q256", "average")
    assert output_of(384) == "Q384"


def test_one_net_and_two_methods_have_a_figure_for_each_method_too():
    plan = averaging_plan([("D", "D-256", Evaluation((224, 256), protocol=Protocol.MULTI_CROP_DENSE))])
    by_name = {average.name: average.groups for average in plan.averages}
    assert list(by_name) == ["Q224", "Q256", "multi-crop", "dense", "average"]
    assert by_name["Q224"] == (_group("D-256", (CROPS, 224), (DENSE, 224)),)
    assert by_name["multi-crop"] == (_group("D-256", (CROPS, 224), (CROPS, 256)),)
    assert by_name["dense"] == (_group("D-256", (DENSE, 224), (DENSE, 256)),)
    every = [(CROPS, 224), (CROPS, 256), (DENSE, 224), (DENSE, 256)]
    assert by_name["average"] == (_group("D-256", *every),)
    assert plan.views == tuple(sorted(View("D-256", method, q) for method, q in every))


def test_several_nets_have_a_figure_each_and_one_of_their_fusion():
    members = [("D", "D-256", Evaluation((256,))), ("E", "E-384", Evaluation((384,), flip=False))]
    d, e = _group("D-256", (DENSE, 256)), _group("E-384", (DENSE, 384), flip=False)
    plan = averaging_plan(members)
    assert plan == AveragingPlan((_average("D", d), _average("E", e), _average("average", d, e)))
    assert plan.views == (View("D-256", DENSE, 256), View("E-384", DENSE, 384))


def test_the_baseline_has_the_same_figures_and_no_name_among_the_candidates():
    plan = averaging_plan([("D", "D-256", Evaluation((256,), flip=False))])
    both = plan.with_baseline("last")
    assert [average.name for average in both.averages] == [
        "Q256",
        "average",
        "baseline/Q256",
        "baseline/average",
    ]
    assert both.averages[2].groups == (_group("last", (DENSE, 256), flip=False),)
    assert both.names == ("Q256", "average")
    assert both.without_baseline() == plan
    assert both.views == (View("D-256", DENSE, 256), View("last", DENSE, 256))


def test_a_view_is_named_by_net_method_and_q():
    assert View("D-256", CROPS, 384).name == "D-256.multi-crop.384"


@pytest.mark.parametrize("kind", [Group, Average, AveragingPlan])
def test_plans_cannot_be_changed(kind):
    assert kind.__dataclass_params__.frozen
