"""Options of the commands that hand the pipeline to another engine than this machine."""

import os
import shlex
from collections.abc import Callable, Mapping

import click

from pipeline.commands.options import PATH
from pipeline.engine import Engine
from pipeline.running.run import DEFAULT_EXPERIMENT

ENGINES = [engine.value for engine in Engine if engine is not Engine.LOCAL]

OPTIONS = (
    click.option("--engine", type=click.Choice(ENGINES), required=True, help="What will run it."),
    click.option(
        "--cluster",
        envvar="VGG_CLUSTER",
        required=True,
        metavar="FILE.toml",
        help="Image, project, resources: see docs/clusters.md.",
    ),
    click.option(
        "--experiment",
        envvar="VGG_EXPERIMENT",
        default=DEFAULT_EXPERIMENT,
        show_default=True,
        help="Its name, or a file such as my.toml.",
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="FIELD=VALUE",
        help="A field that differs, such as net.classes=12; again for another.",
    ),
    click.option(
        "--data", envvar="VGG_DATA", type=PATH, help="Folder of TFRecords, such as gs://BUCKET/data."
    ),
    click.option("--home", envvar="VGG_HOME", type=PATH, help="Folder of artifacts and of served models."),
)

NAMES = {"experiment": "VGG_EXPERIMENT", "data": "VGG_DATA", "home": "VGG_HOME"}


def engine_options(command: Callable) -> Callable:
    """Adds OPTIONS to a click command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def variables_of(given: Mapping[str, object]) -> dict[str, str]:
    """The environment's variables with those that were given as options."""
    settings = given.get("settings") or ()
    words = " ".join([os.environ.get("VGG_SET", ""), shlex.join(settings)]).strip()
    named = {variable: given[name] for name, variable in NAMES.items() if given.get(name)}
    return {**os.environ, "VGG_SET": words, **named}
