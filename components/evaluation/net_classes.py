"""The nets of one evaluation brought into one order of classes: the order of the plan's leading net."""

from collections.abc import Mapping

from components.evaluation.averaging_plan import AveragingPlan
from components.evaluation.posteriors import is_trusted, read_classes
from components.evaluation.view import View
from models.label_space import Correspondence, compare_models


def classes_of_nets(folders: Mapping[View, str], averages: AveragingPlan) -> dict[str, Correspondence]:
    """Which label of the leading net each label of a net is, by the nets' weights.

    Raises:
        InputError: a net has not the same classes.
    """
    nets = {view.weights: read_classes(folder) for view, folder in folders.items()}
    leading = nets[averages.leading]
    return {
        weights: compare_models(
            leading,
            classes,
            what=f"net {weights}",
            do="only nets of the same classes, in any order, can be fused or compared",
            whose=f"{averages.leading}'s",
        )
        if leading and classes
        else Correspondence(trusted=True)
        for weights, classes in nets.items()
    }


def taken_on_trust(folders: Mapping[View, str], classes: Mapping[str, Correspondence]) -> list[str]:
    """A line for people, where the data or a net names no classes."""
    trusted = {view.weights for view, folder in folders.items() if is_trusted(folder)}
    trusted |= {weights for weights, found in classes.items() if found.trusted}
    if not trusted:
        return []
    return [
        f"{', '.join(sorted(trusted))}: the net or the data name no classes; that both number them alike is "
        "taken on trust"
    ]
