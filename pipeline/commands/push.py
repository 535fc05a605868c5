"""`vgg push`: a model becomes the newest version that a server serves, without a pipeline run."""

from pathlib import Path

import click

from models.quiet_imports import quiet_imports
from pipeline.commands.options import PATH
from pipeline.environment import Environment
from pipeline.exit_status import ComponentError
from serving.push import check_model, push


@click.command("push")
@click.argument("model", type=PATH)
@click.option(
    "--home",
    envvar="VGG_HOME",
    type=PATH,
    help="Pushed below VGG_SERVING, or else HOME/serving/vgg.  [default: ~/vgg]",
)
@click.option("--base-path", type=PATH, help="Push below this model base path in place of HOME's.")
@click.option(
    "--photograph",
    "photographs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Have a server on this machine answer for it first; may be repeated.",
)
def push_command(model: str, home: str | None, base_path: str | None, photographs: tuple[Path, ...]) -> int:
    """Push the exported MODEL, the folder of a SavedModel, as a new version.

    The version appears as a whole, or not at all. With --photograph, a server (TF Serving's where it is
    installed, else `vgg serve`) must load it first and answer as the model itself does. Exit status: 0
    pushed, 1 such a server refused it, 2 bad input.
    """
    base = base_path or str(Environment.of_home(home).serving)
    check_model(model)
    if photographs:
        _try(model, photographs)
    click.echo(f"Pushed model: {push(model, base)}")
    return 0


def _try(model: str, photographs: tuple[Path, ...]) -> None:
    with quiet_imports():
        from serving.candidate import check_candidate
        from serving.model_server import NotServable
    try:
        check_candidate(model, [photograph.read_bytes() for photograph in photographs])
    except NotServable as refusal:
        raise ComponentError(f"model {model}: not pushed, {refusal}") from None
