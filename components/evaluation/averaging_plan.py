"""Which posteriors are averaged into what (sections 3.2 and 4.4), as data that a component can be given.

An average is a mean over groups of the means within each group: over the nets of a fusion, and for each net
over its methods, Q and flips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from components.evaluation.view import View
from components.recipe import Evaluation
from models.protocols import Method

AVERAGE = "average"
BASELINE = "baseline"


@dataclass(frozen=True)
class Group:
    """One net's posteriors.

    Attributes:
        views: averaged with equal weight.
        flip: whether that of the horizontal flip is averaged in.
    """

    views: tuple[View, ...]
    flip: bool


@dataclass(frozen=True)
class Average:
    """One figure of the evaluation.

    Attributes:
        name: of TFMA's output.
        groups: averaged with equal weight.
    """

    name: str
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class AveragingPlan:
    """All that one evaluation is made of; a component's parameter."""

    averages: tuple[Average, ...]

    @property
    def views(self) -> tuple[View, ...]:
        """All views that the averages are made of, each of them once, sorted."""
        found = {view for average in self.averages for group in average.groups for view in group.views}
        return tuple(sorted(found))

    @property
    def leading(self) -> str:
        """The net in whose order of classes the averages are."""
        return self.averages[0].groups[0].views[0].weights

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the candidate's averages, without the baseline's."""
        return tuple(average.name for average in self.without_baseline().averages)

    def without_baseline(self) -> "AveragingPlan":
        """The plan with the candidate's averages alone."""
        return AveragingPlan(tuple(a for a in self.averages if not a.name.startswith(f"{BASELINE}/")))

    def with_baseline(self, weights: str) -> "AveragingPlan":
        """The plan with each average twice: of the candidate, and of another net as baseline/NAME."""
        of_baseline = (
            Average(f"{BASELINE}/{average.name}", tuple(_of_net(group, weights) for group in average.groups))
            for average in self.averages
        )
        return AveragingPlan((*self.averages, *of_baseline))


def output_of(shorter_side: int) -> str:
    """Name of the average for one Q."""
    return f"Q{shorter_side}"


def served_average(evaluation: Evaluation) -> str:
    """Name of the average that is what the pushed model answers, which is dense at each Q; "" where the
    evaluation has none."""
    methods = evaluation.protocol.methods
    if Method.DENSE not in methods:
        return ""
    return AVERAGE if len(methods) == 1 else Method.DENSE.value


def averaging_plan(members: Sequence[tuple[str, str, Evaluation]]) -> AveragingPlan:
    """The figures of an evaluation of (name, weights, evaluation) of each net.

    Of one net: each Q; each method where there are several; and the average over all. Of several: each net
    by its name, and their fusion as the average.
    """
    groups = [_group(weights, evaluation) for _, weights, evaluation in members]
    whole = Average(AVERAGE, tuple(groups))
    if len(members) > 1:
        each = (Average(name, (group,)) for (name, _, _), group in zip(members, groups, strict=True))
        return AveragingPlan((*each, whole))
    (_, _, evaluation), (group,) = members[0], groups
    by_scale = [
        Average(output_of(q), (_only(group, lambda view, q=q: view.shorter_side == q),))
        for q in evaluation.shorter_sides
    ]
    methods = evaluation.protocol.methods
    by_method = [
        Average(method.value, (_only(group, lambda view, method=method: view.method is method),))
        for method in methods
    ]
    return AveragingPlan((*by_scale, *(by_method if len(methods) > 1 else ()), whole))


def _group(weights: str, evaluation: Evaluation) -> Group:
    views = tuple(
        View(weights, method, q) for method in evaluation.protocol.methods for q in evaluation.shorter_sides
    )
    return Group(views, evaluation.flip)


def _only(group: Group, wanted) -> Group:
    return Group(tuple(view for view in group.views if wanted(view)), group.flip)


def _of_net(group: Group, weights: str) -> Group:
    return Group(tuple(View(weights, v.method, v.shorter_side) for v in group.views), group.flip)
