"""What a run came to, from ML Metadata and TFMA: errors by Q, the verdict in words, the pushed model."""

from dataclasses import dataclass

import tensorflow_model_analysis as tfma
from ml_metadata import errors as mlmd_errors
from ml_metadata.proto import metadata_store_pb2
from rich.console import Console
from rich.table import Table
from tfx.orchestration import metadata

from components.evaluator import TOP1_ERROR, TOP5_ERROR
from components.recipe import Evaluation
from pipeline.environment import Environment
from pipeline.experiments import Experiment
from serving.signatures import AVERAGED, output_name

PUSHED, VERSION = "pushed", "pushed_version"


@dataclass(frozen=True)
class Errors:
    """Shares of the validation images, 0..1."""

    top1: float
    top5: float


@dataclass(frozen=True)
class Results:
    """One run.

    Attributes:
        by_scale: errors for each Q.
        averaged: errors of the posteriors averaged over Q.
        images: validation images.
        refusals: for each threshold that failed, which and by how much; empty if the model is blessed.
        pushed: folder of the pushed model, or None.
    """

    by_scale: dict[int, Errors]
    averaged: Errors
    images: int
    refusals: tuple[str, ...]
    pushed: str | None


def last_results(environment: Environment, evaluation: Evaluation) -> Results:
    """Of the newest run in the environment's ML Metadata.

    Raises:
        LookupError: it has no evaluation.
    """
    outputs = _outputs_of_last_run(environment)
    if "evaluation" not in outputs:
        raise LookupError(f"no evaluation in {environment.metadata}")
    folder = outputs["evaluation"].uri
    (_, metrics), *_ = tfma.load_eval_result(folder).slicing_metrics
    pushed = outputs.get("pushed_model")
    was_pushed = pushed and pushed.custom_properties[PUSHED].int_value
    return Results(
        by_scale={q: _errors(metrics, output_name(q)) for q in evaluation.shorter_sides},
        averaged=_errors(metrics, AVERAGED),
        images=int(_value(metrics, AVERAGED, "example_count")),
        refusals=_refusals(tfma.load_validation_result(folder)),
        pushed=str(environment.serving / pushed.custom_properties[VERSION].string_value)
        if was_pushed
        else None,
    )


def show(results: Results, experiment: Experiment, console: Console) -> None:
    """The table, the verdict and where the model is."""
    table = Table(title=f"{experiment.name}: {results.images} images, dense", title_justify="left")
    table.add_column("shorter side Q")
    for name in ("top-1 error", "top-5 error"):
        table.add_column(name, justify="right")
    for q, errors in results.by_scale.items():
        table.add_row(str(q), f"{errors.top1:.1%}", f"{errors.top5:.1%}")
    table.add_section()
    table.add_row("average", f"{results.averaged.top1:.1%}", f"{results.averaged.top5:.1%}")
    if experiment.paper:
        table.add_row("the paper's", f"{experiment.paper.top1}%", f"{experiment.paper.top5}%")
    console.print(table)
    for refusal in results.refusals:
        console.print(f"Not blessed: {refusal}", highlight=False, soft_wrap=True)
    console.print(
        f"Pushed model: {results.pushed}" if results.pushed else "No model was pushed.",
        highlight=False,
        soft_wrap=True,
    )


def _outputs_of_last_run(environment: Environment) -> dict[str, metadata_store_pb2.Artifact]:
    with metadata.Metadata(environment.metadata_connection()) as handle:
        store = handle.store
        try:
            runs = store.get_contexts_by_type("pipeline_run")
        except mlmd_errors.NotFoundError:
            runs = []
        if not runs:
            return {}
        executions = store.get_executions_by_context(max(runs, key=lambda run: run.id).id)
        events = store.get_events_by_execution_ids([execution.id for execution in executions])
        output = metadata_store_pb2.Event.Type.OUTPUT
        keys = {event.artifact_id: event.path.steps[0].key for event in events if event.type == output}
        return {keys[artifact.id]: artifact for artifact in store.get_artifacts_by_id(list(keys))}


def _errors(metrics: dict, output: str) -> Errors:
    return Errors(top1=_value(metrics, output, TOP1_ERROR), top5=_value(metrics, output, TOP5_ERROR))


def _value(metrics: dict, output: str, metric: str) -> float:
    return metrics[output][""][metric]["doubleValue"]


def _refusals(validation: tfma.proto.validation_result_pb2.ValidationResult) -> tuple[str, ...]:
    lines = []
    for slice_ in validation.metric_validations_per_slice:
        for failure in slice_.failures:
            value = failure.metric_value.double_value.value
            most = failure.metric_threshold.value_threshold.upper_bound.value
            name = failure.metric_key.name.replace("_", " ").replace("top", "top-")
            lines.append(
                f"{name} averaged over Q is {value:.1%}, {value - most:.1%} above its threshold {most:.1%}"
            )
    return tuple(lines)
