"""`vgg experiments`: the values that VGG_EXPERIMENT can have."""

from pathlib import Path

import click

from models.errors import InputError
from pipeline.commands.options import PATH


@click.group("experiments", invoke_without_command=True)
@click.pass_context
def experiments(context: click.Context) -> None:
    """List the experiments with the paper's errors, or show one."""
    if context.invoked_subcommand is None:
        from pipeline.experiments.experiment_table import show_experiments

        show_experiments()


@experiments.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the experiment NAME as a file that `vgg run --experiment FILE` reads.

    Leave out what does not differ: the base experiment has it.
    """
    from pipeline.experiments.catalogue import experiment
    from pipeline.experiments.experiment_file import to_toml

    click.echo(to_toml(experiment(name)), nl=False)


@experiments.command()
@click.option("--data", envvar="VGG_DATA", type=PATH, required=True, help="Folder of TFRecords.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.toml",
    help="The file to write; one that is there already is left as it is.",
)
def new(data: str, out: Path) -> None:
    """Write an experiment for a data set, each line explained.

    Where to begin: the net's size, the scales and the rates follow from how many photographs there are and
    how large they are. The number of classes is the data's.
    """
    from components.datasets.glance import glance
    from pipeline.experiments.experiment_file import SUFFIX, check_own_name
    from pipeline.experiments.proposal import proposal

    if out.suffix != SUFFIX:
        raise InputError(f"--out {out}: expected a name that ends in {SUFFIX}, by which files are told")
    check_own_name(out.stem, f"--out {out}")
    text = proposal(glance(Path(data)), out.stem)
    try:
        with open(out, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"--out {out}: is there already; choose another name or remove it") from None
    except OSError as error:
        raise InputError(f"--out {out}: {error.strerror}; choose another place") from None
    click.echo(f"{out}; run it with `vgg run --data {data} --experiment {out}`")
