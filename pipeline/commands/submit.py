"""`vgg submit`: starts the pipeline on Vertex AI or Kubeflow Pipelines."""

import click

from models.errors import InputError
from pipeline.commands.engine_options import engine_options, variables_of
from pipeline.engine import Engine

WORDS = {int: "a whole number", float: "a number"}


@click.command("submit")
@engine_options
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="NAME=VALUE",
    help="Of data, learning_rate, most_epochs or most_steps, for this run; again for another.",
)
@click.option("--wait", is_flag=True, help="Return when the run has ended.")
def submit_command(engine: str, cluster: str, values: tuple[str, ...], wait: bool, **given: str) -> None:
    """Compile the pipeline and start it on Vertex AI or Kubeflow Pipelines.

    The run's address is printed. Exit status: 0 it was started, or with --wait has succeeded; 1 the service
    refused it, or the run failed; 2 bad input, or no credentials.
    """
    from pipeline.orchestration.engine_settings import read_settings
    from pipeline.orchestration.job import job_of

    to, where = Engine(engine), read_settings(cluster)
    job = job_of(to, where, variables_of(given), fingerprinted=to is Engine.KUBEFLOW)
    from pipeline.orchestration.submit import submit

    for note in job.notes:
        click.echo(note)
    submit(job, to, where, given_values(values), wait=wait, say=click.echo)


def given_values(values: tuple[str, ...]) -> dict[str, str | int | float]:
    """Of words such as "most_steps=100".

    Raises:
        InputError: there is no such run-time value, or it is none of its kind.
    """
    from components.training.run_time_values import VALUES
    from pipeline.experiments.fields import check_name
    from pipeline.run_time_values import DATA

    kinds = {DATA: str, **VALUES}
    found = {}
    for word in values:
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError(f"--value {word}: expected NAME=VALUE, such as most_steps=100")
        check_name([name], list(kinds), f"--value {word}")
        try:
            found[name] = kinds[name](text)
        except ValueError:
            raise InputError(f"--value {word}: expected {WORDS[kinds[name]]}") from None
    return found
