"""Experiments in the paper's words: net, S, Q and method, of one net or of several that are fused."""

from collections.abc import Iterable

from pipeline.experiments.catalogue import EXPERIMENTS, fused
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.miniatures import PREFIX


def net_of(entry: Experiment) -> str:
    """The configuration's letter, with /8 where it has an eighth of the channels; of a fusion each."""
    return " + ".join(map(_net, fused(entry, EXPERIMENTS)))


def scales_of(entry: Experiment) -> str:
    """S in pixels: 256, or [256;512] where it is drawn from a range."""
    return " + ".join(map(_scales, fused(entry, EXPERIMENTS)))


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


def _net(entry: Experiment) -> str:
    net = entry.config.net
    return net.configuration + (f"/{net.width}" if net.width > 1 else "")


def _scales(entry: Experiment) -> str:
    smallest, largest = entry.config.training.scales
    return str(smallest) if smallest == largest else f"[{smallest};{largest}]"


def _unlike(parts: Iterable[str]) -> str:
    """The values without repetitions, in the order of their first appearance."""
    return " / ".join(dict.fromkeys(parts))
