"""VGG_INIT as a run takes it: it reaches what an experiment is fused with."""

from models.initialisation import Initialisation
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.running import run as running


class _Ran:
    ran = refused = False


def _started(monkeypatch, **variables) -> list[tuple]:
    started = []

    def start(chosen, _, experiments, notes):
        started.append((chosen, experiments))
        return _Ran()

    monkeypatch.setattr(running, "_run_one", start)
    assert running.run(variables, check=False) == 0
    return started


def test_random_weights_are_each_nets_of_a_fusion(monkeypatch):
    ((whole, experiments),) = _started(monkeypatch, VGG_EXPERIMENT="fusion-D-E-dense", VGG_INIT="he")
    assert whole.fused_with
    for member in (whole, *(experiments[name] for name in whole.fused_with)):
        assert member.starts_from is None
        assert member.config.training.initialisation is Initialisation.HE


def test_without_it_the_list_is_as_it_stands(monkeypatch):
    ((whole, experiments),) = _started(monkeypatch, VGG_EXPERIMENT="fusion-D-E-dense")
    assert whole == EXPERIMENTS["fusion-D-E-dense"]
    assert experiments == EXPERIMENTS
