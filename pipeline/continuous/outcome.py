"""What a run on a generation came to, from ML Metadata and TFMA."""

from dataclasses import dataclass, field

from tfx.orchestration import metadata

from components.evaluation.averaging_plan import BASELINE
from components.evaluation.eval_config import CANDIDATE
from components.evaluation.tfma_results import Measured, read_figures
from components.evaluation.verdict import refusals
from components.pushing.pusher import PUSHED, VERSION
from pipeline.environment import Environment
from pipeline.metadata_connection import metadata_connection
from pipeline.report.lineage import Execution, Lineage

Interval = list
"""[value, lower, upper]; the bounds are None where TFMA has none."""


@dataclass(frozen=True)
class Outcome:
    """See pipeline.continuous.record.Record's fields of the same names.

    Attributes:
        refusals: a line for each threshold that failed.
        baseline_model: folder of the baseline's artifact, "" without one.
    """

    run: str
    model: str
    images: dict[str, int]
    fingerprint: str
    candidate: dict[str, Interval]
    refusals: tuple[str, ...]
    pushed: str = ""
    baseline_model: str = ""
    baseline: dict[str, Interval] = field(default_factory=dict)


def outcome_of(environment: Environment, data: str, since: float) -> Outcome | None:
    """Of the newest run on a data folder that came to its end after `since`, seconds since 1970; or None."""
    with metadata.Metadata(metadata_connection(environment)) as handle:
        lineage = Lineage(handle.store, environment.pipeline_name)
        for pusher in reversed(lineage.of_type("Pusher")):
            if pusher.started < since:
                return None
            run, executions = lineage.run_of(pusher)
            by_type = {each.type: each for each in executions}
            if by_type["ShardExampleGen"].text("input_base") == data:
                return _outcome(lineage, run, by_type, environment)
    return None


def _outcome(lineage: Lineage, run: str, by_type: dict[str, Execution], environment: Environment) -> Outcome:
    evaluator, pusher = by_type["Evaluator"], by_type["Pusher"]
    evaluation = lineage.uri(evaluator.outputs["evaluation"][0])
    (examples,) = by_type["ShardExampleGen"].outputs["examples"]
    (pushed,) = pusher.outputs["pushed_model"]
    baseline = evaluator.inputs.get("baseline_model")
    return Outcome(
        run=run,
        model=lineage.uri(evaluator.inputs["model"][0]),
        images={split: lineage.number(examples, f"{split}_records") for split in ("train", "eval")},
        fingerprint=lineage.text(examples, "input_fingerprint"),
        candidate=_errors(evaluation, CANDIDATE),
        refusals=refusals(evaluation),
        pushed=str(environment.serving / lineage.text(pushed, VERSION))
        if lineage.number(pushed, PUSHED)
        else "",
        baseline_model=lineage.uri(baseline[0]) if baseline else "",
        baseline=_errors(evaluation, BASELINE) if baseline else {},
    )


def _errors(evaluation: str, model: str) -> dict[str, Interval]:
    """Over all images, of the average over all views."""
    overall = [figure for figure in read_figures(evaluation, model) if not figure.of_class][-1]
    return {"top1_error": _interval(overall.top1_error), "top5_error": _interval(overall.top5_error)}


def _interval(measured: Measured) -> Interval:
    return [measured.value, measured.lower, measured.upper]
