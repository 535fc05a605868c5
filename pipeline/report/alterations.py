"""Whether what was evaluated under an experiment's name is still that experiment.

A home folder keeps evaluations of earlier versions of this project, and of runs with other settings. Figures
of such a run must not stand in a row of the paper's tables.
"""

from collections.abc import Mapping, Sequence

from components.evaluation.averaging_plan import Group, averaging_plan
from pipeline.experiments.base_net import with_net_of_base
from pipeline.experiments.catalogue import EXPERIMENTS, fused
from pipeline.experiments.classes import with_classes
from pipeline.experiments.experiment import Experiment
from pipeline.report.evaluated import Evaluated, TrainedNet


def alteration(one: Evaluated, nets: Mapping[int, TrainedNet], entry: Experiment | None) -> str:
    """What makes an evaluation another one than `entry` describes: its nets, their recipe, or how they were
    tested (method, Q and flip). "" where nothing does.

    Args:
        one: what was evaluated.
        nets: trained nets by the ids that `one.nets` names, and their base models.
        entry: this version's experiment of the same name, None where there is none.
    """
    if entry is None:
        return "this version knows no experiment of that name"
    entry = of_its_base(entry, one.nets, nets)
    members = {member.weights: member for member in fused(entry, EXPERIMENTS)}
    trained = {nets[id_].weights: nets[id_] for id_ in one.nets}
    if set(trained) != set(members):
        return f"its net is {', '.join(sorted(trained)) or 'not of a Trainer'}"
    for weights, net in trained.items():
        config = members[weights].config
        if entry.paper is None:  # such an experiment has as many classes as its data
            config = with_classes(config, net.config.net.classes)
        if net.config != config:
            return f"{weights} was trained by another recipe than this version's"
        if (net.base is None) != (members[weights].starts_from is None):
            return f"{weights} started from another model than the experiment says"
    return _tested_otherwise(one, entry)


def of_its_base(entry: Experiment, ids: Sequence[int], nets: Mapping[int, TrainedNet]) -> Experiment:
    """Of an experiment that trains any model's net: the one that was trained, with its S and Q."""
    trained = [nets[id_].config.net for id_ in ids if nets[id_].config]
    return with_net_of_base(entry, trained[0]) if entry.net_of_base and trained else entry


def _tested_otherwise(one: Evaluated, entry: Experiment) -> str:
    members = fused(entry, EXPERIMENTS)
    plan = averaging_plan([(member.name, member.weights, member.evaluation) for member in members])
    wanted = {member.weights: group for member, group in zip(members, plan.averages[-1].groups, strict=True)}
    found = {group.views[0].weights: group for group in one.groups}
    for weights, group in wanted.items():
        if weights not in found:
            return f"{weights} is no part of the average"
        if found[weights] != group:
            return f"{weights} was tested {_in_words(found[weights])}, not {_in_words(group)}"
    return ""


def _in_words(group: Group) -> str:
    sides: dict[str, list[str]] = {}
    for view in group.views:
        sides.setdefault(view.method.value, []).append(str(view.shorter_side))
    methods = " and ".join(f"{method} at Q = {', '.join(of)}" for method, of in sides.items())
    return f"{methods} {'with' if group.flip else 'without'} the flip"
