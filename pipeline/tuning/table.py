"""The trials of a tuning on the terminal, the best first."""

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from components.recipe import CROSS_ENTROPY
from components.tuning.space import OBJECTIVES, Tuning, Value
from components.tuning.trials import Trial, best_first


def show(trials: Sequence[Trial], tuning: Tuning, sides: Sequence[int], console: Console) -> None:
    """The table, what failed and why, and how far the best can be told from the others."""
    ordered = best_first(trials, tuning.objective)
    images = ordered[0].outcome.metrics["images"]
    title = f"{len(trials)} trials, {images:.0f} validation images, Q = {', '.join(map(str, sides))}"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for name in ("trial", *(_words(one.field) for one in tuning.dimensions), OBJECTIVES[tuning.objective]):
        # A word a line, or 80 columns would cut values off.
        table.add_column(name.replace(" ", "\n"), justify="right", no_wrap=True)
    table.add_column("95 %", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for trial in ordered:
        values = [_value(trial.values[one.field]) for one in tuning.dimensions]
        table.add_row(str(trial.number), *values, *_outcome(trial, tuning.objective))
    console.print(table)
    for trial in ordered:
        if trial.outcome.failure:
            console.print(f"Trial {trial.number}: {trial.outcome.failure}", highlight=False, soft_wrap=True)
    for line in _verdict(ordered, tuning):
        console.print(line, highlight=False, soft_wrap=True)


def _outcome(trial: Trial, objective: str) -> tuple[str, str, str]:
    outcome = trial.outcome
    seconds = f"{outcome.seconds:.0f} s" if outcome.seconds else "resumed"
    if outcome.failure:
        return "failed", "", seconds
    value = outcome.metrics[objective]
    if objective == CROSS_ENTROPY:
        return f"{value:.3f}", "", seconds
    low, high = _interval(trial, objective)
    return f"{value:.1%}", f"{100 * low:.1f} to {100 * high:.1f}", seconds


def _interval(trial: Trial, objective: str) -> tuple[float, float]:
    """Wilson's, over the images."""
    images = round(trial.outcome.metrics["images"])
    found = binomtest(round(images * trial.outcome.metrics[objective]), images)
    return tuple(found.proportion_ci(method="wilson"))


def _verdict(ordered: Sequence[Trial], tuning: Tuning) -> list[str]:
    best, *others = ordered
    own = next(trial for trial in ordered if trial.number == 1)
    found = ["Best: trial 1, the experiment as it is."]
    if own is not best:
        said = own.outcome.figure(tuning.objective)
        found = [f"Best: trial {best.number}. Trial 1, the experiment as it is: {said}."]
    if tuning.objective == CROSS_ENTROPY:
        return found
    low, high = _interval(best, tuning.objective)
    near = [one for one in others if low <= one.outcome.metrics.get(tuning.objective, math.inf) <= high]
    if near:
        numbers = ", ".join(str(one.number) for one in near)
        found.append(f"With an error within its interval, so hardly worse: {numbers}.")
    return found


def _words(field: str) -> str:
    return field.partition(".")[2].replace("_", " ")


def _value(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
