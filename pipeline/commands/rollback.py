"""`vgg rollback`: the version before is served again."""

import click

from pipeline.commands.options import PATH
from pipeline.environment import Environment
from serving.rollback import roll_back


@click.command("rollback")
@click.option(
    "--home", envvar="VGG_HOME", type=PATH, help="Of VGG_SERVING, or else HOME/serving/vgg.  [default: ~/vgg]"
)
@click.option("--base-path", type=PATH, help="Of this model base path in place of HOME's.")
def rollback(home: str | None, base_path: str | None) -> None:
    """Take the newest pushed model out of service: servers go back to the version before.

    Its folder is renamed and kept. The next push is served as always.
    """
    served, withdrawn = roll_back(base_path or str(Environment.of_home(home).serving))
    click.echo(f"Served from now on: {served}")
    click.echo(f"Withdrawn: {withdrawn}; under its old name it is served again")
