"""A decision on a generation of data in words."""

from typing import TYPE_CHECKING

from pipeline.continuous.classes import Change

if TYPE_CHECKING:
    from pipeline.continuous.outcome import Interval, Outcome

ERROR = "top1_error"


def reason_of(outcome: "Outcome", change: Change | None, *, bounded: bool) -> str:
    """Why a model was pushed or not, one sentence for each part of it.

    Args:
        outcome: of the run.
        change: of the classes against the model that was served; None without one.
        bounded: whether the experiment has a threshold that needs no other model.
    """
    said = list(outcome.refusals)
    if not said and not outcome.pushed:
        said = ["blessed, and the server that tried it did not bless it"]
    said.append(_compared(outcome, change, bounded=bounded))
    return ". ".join(said)


def percent(interval: "Interval") -> str:
    """A share and its 95 % interval, in per cent."""
    value, lower, upper = interval
    return f"{value:.1%}" + ("" if lower is None else f" [{100 * lower:.1f}, {100 * upper:.1f}]")


def _compared(outcome: "Outcome", change: Change | None, *, bounded: bool) -> str:
    error = f"Top-1 error {percent(outcome.candidate[ERROR])}"
    if outcome.baseline:
        return f"{error}, the last blessed model's on the same images {percent(outcome.baseline[ERROR])}"
    why = (
        f"classes differ from the last model's ({change})"
        if change
        else "no blessed model of these classes before it"
    )
    held = "it was held against its other thresholds alone" if bounded else "nothing bounds it"
    return f"{error}; {why}, so {held}"
