"""`vgg compile`: the pipeline as a file for Vertex AI or Kubeflow Pipelines."""

from pathlib import Path

import click

from pipeline.commands.engine_options import engine_options, variables_of
from pipeline.engine import Engine
from pipeline.whole_file import written_whole

SUFFIXES = {Engine.VERTEX: "json", Engine.KUBEFLOW: "yaml"}


@click.command("compile")
@engine_options
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: vgg-EXPERIMENT.json for Vertex, .yaml for Kubeflow]",
)
def compile_command(engine: str, cluster: str, output: Path | None, **given: str) -> None:
    """Write the pipeline as Vertex AI (JSON) or Kubeflow Pipelines (YAML) takes it.

    Nothing is read of the data. What can be set when the pipeline is started: data, learning_rate,
    most_epochs and most_steps (0: as the experiment says).
    """
    from pipeline.orchestration.engine_settings import read_settings
    from pipeline.orchestration.job import job_of

    to = Engine(engine)
    job = job_of(to, read_settings(cluster), variables_of(given))
    path = output or Path(f"vgg-{job.experiment}.{SUFFIXES[to]}")
    from pipeline.orchestration.compiled import write

    with written_whole(path, "--output") as part:
        write(job.spec, part, to)
    for note in job.notes:
        click.echo(note)
    tasks = len(job.spec["pipelineSpec"]["root"]["dag"]["tasks"])
    click.echo(f"{path}: {tasks} tasks for {engine}, experiment {job.experiment}")
