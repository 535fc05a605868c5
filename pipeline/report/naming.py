"""Experiments in the paper's words: net, S, Q and method, of one net or of several that are fused."""

from collections.abc import Iterable

from components.recipe import Training
from models.net import Net
from pipeline.experiments.catalogue import EXPERIMENTS, fused
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.miniatures import PREFIX
from pipeline.report.evaluated import Evaluated, Home


def net_of(entry: Experiment) -> str:
    """The configuration's letter, with /8 where it has an eighth of the channels; of a fusion each."""
    return " + ".join(_net(member.config.net) for member in fused(entry, EXPERIMENTS))


def scales_of(entry: Experiment) -> str:
    """S in pixels: 256, or [256;512] where it is drawn from a range."""
    return " + ".join(_scales(member.config.training) for member in fused(entry, EXPERIMENTS))


def sides_of(entry: Experiment) -> str:
    """Q in pixels, separated by commas."""
    members = fused(entry, EXPERIMENTS)
    return _unlike(",".join(map(str, member.evaluation.shorter_sides)) for member in members)


def method_of(entry: Experiment) -> str:
    """Dense, multi-crop and so on."""
    methods = (" & ".join(m.value for m in e.evaluation.protocol.methods) for e in fused(entry, EXPERIMENTS))
    return _unlike(methods)


def original_of(entry: Experiment) -> str:
    """Name of the experiment that one is the miniature of, "" where it is none."""
    return entry.name.removeprefix(PREFIX) if entry.name.startswith(PREFIX) else ""


def net_of_run(one: Evaluated, home: Home) -> str:
    """net_of of an experiment that is known by its run alone, as one of a file is."""
    nets = [home.nets[id_] for id_ in one.nets]
    return " + ".join(_net(net.config.net) if net.config else net.weights for net in nets)


def scales_of_run(one: Evaluated, home: Home) -> str:
    """scales_of of the same."""
    configs = [home.nets[id_].config for id_ in one.nets]
    return " + ".join(_scales(config.training) for config in configs if config)


def _net(net: Net) -> str:
    return net.configuration + (f"/{net.width}" if net.width > 1 else "")


def _scales(training: Training) -> str:
    smallest, largest = training.scales
    return str(smallest) if smallest == largest else f"[{smallest};{largest}]"


def _unlike(parts: Iterable[str]) -> str:
    """The values without repetitions, in the order of their first appearance."""
    return " / ".join(dict.fromkeys(parts))
