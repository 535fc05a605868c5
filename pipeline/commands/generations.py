"""`vgg generations`: what `vgg watch` decided."""

import dataclasses
import json

import click

from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.commands.options import HOME
from pipeline.continuous.record import Records, decided
from pipeline.environment import Environment


@click.command("generations")
@HOME
@click.option("--json", "json_", is_flag=True, help="For programs: a line of JSON for each.")
def generations(home: str | None, json_: bool) -> None:
    """Print what was decided of each generation of data, and why.

    Read from HOME/generations.jsonl; of a generation that was taken again the last decision.
    """
    environment = Environment.of_home(home)
    records = Records(environment.home)
    found = decided(records.read())
    if not found:
        raise InputError(f"{records.path}: no decision in it; `vgg watch` makes them")
    if json_:
        for each in found:
            click.echo(json.dumps(dataclasses.asdict(each), ensure_ascii=False))
        return
    with quiet_imports():
        from rich.console import Console

        from pipeline.continuous.table import show

    show(found, Console())
