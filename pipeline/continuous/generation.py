"""One look for a new generation of the data, and the run on it: `vgg watch --once`."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from components.training.machines.cluster import Cluster
from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.continuous.classes import Change
from pipeline.continuous.look import Found, look
from pipeline.continuous.record import BEGUN, DECIDED, FAILED, PUSHED, REFUSED, Record, Records, unfinished
from pipeline.environment import Environment
from pipeline.exit_status import BLESSED, NOT_BLESSED, NOTHING_NEW, ComponentError
from pipeline.home_lock import GENERATION, only_one_in
from pipeline.home_name import HomeInUse, recorded_name
from pipeline.running.preflight import check_home_is_here, check_workers
from pipeline.running.run import DEFAULT_EXPERIMENT, Prepared, prepared, run_prepared, with_records

if TYPE_CHECKING:
    from pipeline.continuous.outcome import Outcome
    from pipeline.continuous.start import Start


@dataclass(frozen=True)
class Request:
    """How generations are trained on.

    Attributes:
        start: pipeline.continuous.start.SERVED or OWN.
        most_worse: how much larger than the last blessed model's the top-1 error may be, a share; for
            experiments without a threshold of their own against that model.
        again: whether the newest generation is taken whatever was decided on it.
        logs: files or patterns of the request log, for a drift report beside each decision.
    """

    start: str = "served"
    most_worse: float = 0.0
    again: bool = False
    logs: tuple[str, ...] = ()


def once(variables: Mapping[str, str], request: Request, say: Callable[[str], None]) -> int:
    """Looks once, and runs the pipeline where there is a new generation.

    Args:
        variables: those of pipeline.running.run.run; VGG_DATA is the folder of the generations.
        request: see there.
        say: is given lines for people.

    Returns:
        BLESSED where a model was pushed, NOT_BLESSED where it was not, NOTHING_NEW.

    Raises:
        InputError: the folders or the experiment cannot be used, or the run refused the data.
        ComponentError: a component failed.
        Preempted: SIGTERM came, and the next call goes on.
    """
    environment = Environment.from_variables(variables)
    check_home_is_here(environment.home)
    check_workers(environment)
    if Cluster.from_variables(variables):
        raise InputError("vgg watch trains on this machine alone; unset VGG_WORKERS and TF_CONFIG")
    experiment = name_of_experiment(variables)
    with only_one_in(environment.home, GENERATION):
        records = Records(environment.home)
        found = look(environment.data, experiment, records.read(), again=request.again)
        for note in found.notes:
            say(note)
        if found.generation is None:
            say("Nothing new")
            return NOTHING_NEW
        record = _decided(found, variables, request, records, say)
    say(f"{found.generation.name}: {record.decision}. {record.reason}")
    return BLESSED if record.decision == PUSHED else NOT_BLESSED


def name_of_experiment(variables: Mapping[str, str]) -> str:
    """Of the one experiment that is run.

    Raises:
        InputError: there is no such one, there are several, or it is a fusion, which pushes no model.
    """
    from pipeline.experiments.catalogue import EXPERIMENTS
    from pipeline.experiments.chosen import chosen

    named = variables.get("VGG_EXPERIMENT") or DEFAULT_EXPERIMENT
    names, experiments = chosen(named, variables.get("VGG_SET", ""), EXPERIMENTS)
    if len(names) != 1 or experiments[names[0]].fused_with:
        raise InputError(
            f"experiment {named}: {', '.join(names)}; expected one of one net, whose model can be pushed"
        )
    return names[0]


def _decided(
    found: Found,
    variables: Mapping[str, str],
    request: Request,
    records: Records,
    say: Callable[[str], None],
) -> Record:
    """Runs the pipeline on a generation and writes down what was decided."""
    name, generation = name_of_experiment(variables), found.generation
    begun = unfinished(records.read(), name, generation.order)
    record = Record(BEGUN, name, generation.span, generation.version, generation.folder, found.marks)
    try:
        start, what = _prepared(name, generation.folder, variables, request, begun)
        if begun is None:
            drift = _drift(start, request, say) if request.logs else None
            record = dataclasses.replace(record, **_of_start(start), drift=drift)
            begun = records.add(record)
        else:
            say(f"{generation.name}: goes on with what was begun {begun.time}")
        say(f"{generation.name}: starts from {start.words}")
        outcome = _ran(what, generation.folder, datetime.fromisoformat(begun.time).timestamp())
    except HomeInUse:
        raise
    except (InputError, ComponentError) as error:
        failed = dataclasses.replace(begun or record, event=DECIDED, decision=FAILED, reason=str(error))
        records.add(failed)
        raise
    thresholds = what.experiments[name].evaluation.thresholds
    bounded = any(threshold.most is not None for threshold in thresholds)
    return records.add(_with_outcome(begun, outcome, records.read(), bounded=bounded))


def _prepared(
    name: str, folder: str, variables: Mapping[str, str], request: Request, begun: Record | None
) -> tuple["Start", Prepared]:
    """Where the training begins, and what is run: the experiment for these data."""
    from pipeline.continuous.classes import for_generation

    with quiet_imports():
        from pipeline.continuous.start import start_of

    of_data = {**variables, "VGG_DATA": folder}
    environment = Environment.from_variables(of_data)
    what = prepared(environment, of_data, check=True)
    start = start_of(
        what.experiments[name],
        environment,
        request.start,
        given=variables.get("VGG_INIT_FROM", ""),
        begun=begun.start if begun else None,
    )
    if start.folder != of_data.get("VGG_INIT_FROM", ""):
        of_start = {**of_data, "VGG_INIT_FROM": start.folder}
        what = prepared(Environment.from_variables(of_start), of_start, check=True)
    adapted = for_generation(
        what.experiments[name], new_last_layer=start.new_last_layer, most_worse=request.most_worse
    )
    return start, with_records(dataclasses.replace(what, experiments={**what.experiments, name: adapted}))


def _ran(what: Prepared, folder: str, since: float) -> "Outcome":
    """What the run came to; one that has ended, and was not written down as it was killed then, is not run
    again: the model that it pushed would be compared with itself, and pushed twice.
    """
    with quiet_imports():
        from pipeline.continuous.outcome import outcome_of
    environment = what.environment
    ended = outcome_of(environment, folder, since) if recorded_name(environment) else None
    if ended:
        return ended
    run_prepared(what)
    outcome = outcome_of(environment, folder, since)
    if outcome is None:
        raise ComponentError(
            f"the run on {folder} left no Pusher in ML Metadata; expected its decision; run again"
        )
    return outcome


def _drift(start: "Start", request: Request, say: Callable[[str], None]) -> dict:
    """Of the requests against what the served model was trained on; why there is none where it cannot be."""
    with quiet_imports():
        from components.drift.comparison import Bounds
        from components.drift.drift import drift_of
        from pipeline.continuous.drift_table import summary
    try:
        if not start.served:
            raise InputError("no model is served yet")
        found = drift_of(start.served, request.logs, Bounds()).as_dict()
    except InputError as error:
        say(f"No drift report: {error}")
        return {"error": str(error)}
    say(summary(found))
    return found


def _of_start(start: "Start") -> dict:
    return {
        "start": start.folder,
        "start_in_words": start.words,
        "classes_differ": start.change is not None,
        "classes_added": list(start.change.added) if start.change else [],
        "classes_removed": list(start.change.removed) if start.change else [],
    }


def _with_outcome(begun: Record, outcome: "Outcome", before: list[Record], *, bounded: bool) -> Record:
    from pipeline.continuous.words import reason_of

    added, removed = tuple(begun.classes_added), tuple(begun.classes_removed)
    change = Change(added, removed) if begun.classes_differ else None
    spans = {each.model: [each.span, each.version] for each in before if each.model}
    return dataclasses.replace(
        begun,
        event=DECIDED,
        decision=PUSHED if outcome.pushed else REFUSED,
        reason=reason_of(outcome, change, bounded=bounded),
        images=outcome.images,
        fingerprint=outcome.fingerprint,
        candidate=outcome.candidate,
        baseline=outcome.baseline,
        baseline_span=spans.get(outcome.baseline_model),
        pushed=outcome.pushed,
        model=outcome.model,
        run=outcome.run,
    )
