"""What a run came to, from ML Metadata and TFMA: errors by Q, the verdict in words, the pushed model."""

from dataclasses import dataclass

from ml_metadata.proto import metadata_store_pb2
from rich.console import Console
from rich.table import Table
from tfx.orchestration import metadata

from components.evaluation.averaging_plan import AVERAGE, served_average
from components.evaluation.tfma_results import read_figures
from components.evaluation.verdict import refusals
from components.localisation.results import LocalisationFigure, read_localisation
from components.pushing.pusher import PUSHED, VERSION
from pipeline.environment import Environment
from pipeline.experiments.catalogue import Experiment
from pipeline.metadata_connection import metadata_connection, records_of
from pipeline.running.localisation_table import localisation_table

LOCALISATION = "localisation"
"""The output of the component that evaluates it."""


@dataclass(frozen=True)
class Errors:
    """Shares of the validation images, 0..1."""

    top1: float
    top5: float


@dataclass(frozen=True)
class Results:
    """One run.

    Attributes:
        errors: by name of the average (components.evaluation.averaging_plan); the last one is over all.
        images: validation images.
        refusals: for each threshold that failed, which and by how much; empty if the model is blessed.
        pushed: folder of the pushed model, or None.
        localisation: over all images, or None where nothing was localised.
    """

    errors: dict[str, Errors]
    images: int
    refusals: tuple[str, ...]
    pushed: str | None
    localisation: LocalisationFigure | None = None


def last_results(environment: Environment, experiment: Experiment) -> Results:
    """What the newest run of the environment's pipeline came to.

    Raises:
        LookupError: it has no evaluation.
    """
    outputs = outputs_of_last_run(environment)
    if "evaluation" not in outputs:
        raise LookupError(f"no evaluation in {records_of(environment)}")
    folder = outputs["evaluation"].uri
    figures = read_figures(folder)
    overall = [figure for figure in figures if not figure.of_class]
    pushed = outputs.get("pushed_model")
    was_pushed = pushed and pushed.custom_properties[PUSHED].int_value
    return Results(
        errors={figure.name: Errors(figure.top1_error.value, figure.top5_error.value) for figure in overall},
        images=overall[-1].images,
        refusals=() if experiment.fused_with else refusals(folder),
        pushed=str(environment.serving / pushed.custom_properties[VERSION].string_value)
        if was_pushed
        else None,
        localisation=read_localisation(outputs[LOCALISATION].uri)[0] if LOCALISATION in outputs else None,
    )


def show(results: Results, experiment: Experiment, console: Console) -> None:
    """The table, the verdict, what it does not say of the model that is pushed, and where that is."""
    protocol = experiment.evaluation.protocol.value
    table = Table(title=f"{experiment.name}: {results.images} images, {protocol}", title_justify="left")
    table.add_column("posteriors of")
    for name in ("top-1 error", "top-5 error"):
        table.add_column(name, justify="right")
    for name, errors in results.errors.items():
        if name == AVERAGE:
            table.add_section()
        table.add_row(name, f"{errors.top1:.1%}", f"{errors.top5:.1%}")
    if experiment.paper:
        table.add_row(_paper_name(experiment), f"{experiment.paper.top1}%", f"{experiment.paper.top5}%")
    console.print(table)
    if results.localisation:
        console.print(localisation_table(results.localisation))
    for refusal in results.refusals:
        console.print(f"Not blessed: {refusal}", highlight=False, soft_wrap=True)
    if results.pushed and (differs := pushed_protocol(experiment)):
        console.print(f"Blessed as {differs}.", highlight=False, soft_wrap=True)
    console.print(
        f"Pushed model: {results.pushed}" if results.pushed else "No model was pushed.",
        highlight=False,
        soft_wrap=True,
    )


def pushed_protocol(experiment: Experiment) -> str:
    """How a model that is not blessed as it answers differs from what was tested, "" where it does not."""
    evaluation = experiment.evaluation
    average = served_average(evaluation)
    if average == AVERAGE:
        return ""
    measured = (
        f"its errors are those of {average} above"
        if average
        else "its errors were not measured: `vgg evaluate --model` measures them"
    )
    sides = ", ".join(map(str, evaluation.shorter_sides))
    return f"tested {evaluation.protocol.value}; the model answers densely at Q = {sides}, and {measured}"


def _paper_name(experiment: Experiment) -> str:
    """Whose errors these are: a miniature's are another net's on another data set."""
    row = experiment.paper.experiment
    return "the paper's" if row == experiment.name else f"the paper's {row} (ImageNet)"


def outputs_of_last_run(environment: Environment) -> dict[str, metadata_store_pb2.Artifact]:
    """Artifacts of the newest run of the environment's pipeline, by the output's name."""
    with metadata.Metadata(metadata_connection(environment)) as handle:
        store = handle.store
        pipeline = store.get_context_by_type_and_name("pipeline", environment.pipeline_name)
        recorded = store.get_executions_by_context(pipeline.id) if pipeline else []
        if not recorded:
            return {}
        newest = max(execution.id for execution in recorded)
        (run,) = (one for one in store.get_contexts_by_execution(newest) if one.type == "pipeline_run")
        executions = store.get_executions_by_context(run.id)
        events = store.get_events_by_execution_ids([execution.id for execution in executions])
        output = metadata_store_pb2.Event.Type.OUTPUT
        keys = {event.artifact_id: event.path.steps[0].key for event in events if event.type == output}
        return {keys[artifact.id]: artifact for artifact in store.get_artifacts_by_id(list(keys))}
