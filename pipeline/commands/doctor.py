"""`vgg doctor`: what this machine has and what works on it."""

import click

from pipeline.commands.options import HOME
from pipeline.commands.version import version_lines
from pipeline.environment import Environment
from pipeline.exit_status import BLESSED, FAILED


@click.command("doctor")
@HOME
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(home: str | None, as_json: bool) -> int:
    """Say what this machine has, what works on it and how to mend the rest.

    The output is what a bug report needs. Exit status: 0 the pipeline can run here, 1 it cannot.
    """
    from pipeline.doctor.findings import findings, runs
    from pipeline.doctor.machine import this_machine

    environment = Environment.of_home(home)
    click.echo("Importing TensorFlow takes some seconds ...", err=True)
    found = findings(this_machine(environment))
    if as_json:
        _print_json(found)
    else:
        from rich.console import Console

        from pipeline.doctor.screen import show

        show(found, version_lines(), Console())
    return BLESSED if runs(found) else FAILED


def _print_json(found) -> None:
    import dataclasses
    import json

    document = {"findings": [dataclasses.asdict(each) for each in found], "versions": version_lines()}
    click.echo(json.dumps(document, indent=2))
