"""Options that the commands of `vgg data` share."""

from pathlib import Path

import click

from models.literal_paths import check_literal


def _readable(_context: click.Context, _parameter: click.Parameter, out: Path) -> Path:
    """A run would not read it where its path is a pattern."""
    check_literal("--out", out.absolute())
    return out


OUT = click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    callback=_readable,
    metavar="DIR",
    help="Folder of the data set: a new or an empty one. It appears when all is written.",
)
SEED = click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
