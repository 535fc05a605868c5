"""`vgg drift`: whether what is asked of a served model looks like what it was trained on."""

import json
import os

import click

from models.errors import InputError
from models.quiet_imports import quiet_imports
from pipeline.commands.options import HOME, PATH
from pipeline.environment import Environment
from pipeline.exit_status import BLESSED, FAULTY_DATA
from serving.push import versions


@click.command("drift")
@click.option(
    "--log", "logs", multiple=True, required=True, help="Files of the request log, or their pattern."
)
@click.option(
    "--model", type=PATH, help="An exported model.  [default: the newest in VGG_SERVING, or HOME/serving/vgg]"
)
@HOME
@click.option("--numbers", default=0.1, show_default=True, help="Most Jensen-Shannon divergence of a number.")
@click.option("--words", default=0.1, show_default=True, help="Most L-infinity distance of a word's shares.")
@click.option(
    "--fewest", default=200, show_default=True, type=click.IntRange(1), help="Images on either side."
)
@click.option("--most", default=2000, show_default=True, type=click.IntRange(1), help="Images of the log.")
@click.option("--seed", default=0, show_default=True, help="Which of them are drawn, where there are more.")
@click.option("--json", "json_", is_flag=True, help="For programs: one line of JSON.")
def drift(
    logs: tuple[str, ...],
    model: str | None,
    home: str | None,
    numbers: float,
    words: float,
    fewest: int,
    most: int,
    seed: int,
    json_: bool,
) -> int:
    """Compare the photographs of a request log with those that the served model was trained on.

    By TFDV: sizes, colours, formats and classes. What the model was trained on lies in it as statistics, and
    not where the data were. The log is what `vgg serve --request_log_prefix` writes. Exit status: 0 nothing
    has drifted, 4 something has, 2 bad input.
    """
    folder = model or _newest(home)
    with quiet_imports():
        from rich.console import Console

        from components.drift.comparison import Bounds
        from components.drift.drift import drift_of
        from pipeline.continuous.drift_table import show
    found = drift_of(folder, logs, Bounds(numbers, words, fewest), most=most, seed=seed)
    if json_:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))
    else:
        show(found, Console())
    return FAULTY_DATA if found.drifted else BLESSED


def _newest(home: str | None) -> str:
    serving = str(Environment.of_home(home).serving)
    there = versions(serving)
    if not there:
        raise InputError(f"model base path {serving}: no version in it; name one by --model, or set VGG_HOME")
    return os.path.join(serving, str(there[-1]))
