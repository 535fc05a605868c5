"""VGG_INIT as a run takes it: it reaches what an experiment is fused with."""

from models.initialisation import Initialisation
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.running.run import prepared


def _prepared(**variables):
    """The experiment to run, and all that it may start from."""
    what = prepared(Environment.from_variables(variables), variables, check=False)
    (name,) = what.notes
    return what.experiments[name], what.experiments


def test_random_weights_are_each_nets_of_a_fusion():
    whole, experiments = _prepared(VGG_EXPERIMENT="fusion-D-E-dense", VGG_INIT="he")
    assert whole.fused_with
    for member in (whole, *(experiments[name] for name in whole.fused_with)):
        assert member.starts_from is None
        assert member.config.training.initialisation is Initialisation.HE


def test_without_it_the_list_is_as_it_stands():
    whole, experiments = _prepared(VGG_EXPERIMENT="fusion-D-E-dense")
    assert whole == EXPERIMENTS["fusion-D-E-dense"]
    assert experiments == EXPERIMENTS
