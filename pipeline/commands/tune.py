"""`vgg tune`: better values for some fields of an experiment, by trials."""

from pathlib import Path

import click

from components.tuning.space import OBJECTIVES, TOP1_ERROR
from pipeline.commands.experiment_options import experiment_option, variables_of
from pipeline.commands.options import HOME, PATH


@click.command("tune")
@experiment_option("Its name, or a file such as my.toml.")
@click.option(
    "--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field that differs in each trial."
)
@click.option(
    "--tune",
    "fields",
    multiple=True,
    metavar="FIELD[=RANGE]",
    help="A field to tune, such as training.batch=16,32 or training.learning_rate=1e-4..1e-2; again for "
    "another.  [default: training.learning_rate, training.batch, net.width, training.largest_side, around "
    "what the experiment has]",
)
@click.option("--trials", default=10, show_default=True, type=click.IntRange(min=2))
@click.option("--epochs", default=0, type=click.IntRange(min=0), help="Of each trial.  [default: all]")
@click.option(
    "--objective",
    default=TOP1_ERROR,
    show_default=True,
    type=click.Choice(OBJECTIVES),
    help="What the best has the least of, on the validation split at the experiment's Q.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--data", envvar="VGG_DATA", type=PATH, help="Folder of TFRecords.  [default: HOME/data]")
@HOME
@click.option(
    "--init-from", envvar="VGG_INIT_FROM", type=PATH, help="Folder of an exported model to start from."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.toml",
    help="The experiment file to write.  [default: tuned-EXPERIMENT.toml]",
)
def tune_command(
    experiment: str,
    settings: tuple[str, ...],
    fields: tuple[str, ...],
    trials: int,
    epochs: int,
    objective: str,
    seed: int,
    data: str | None,
    home: str | None,
    init_from: str | None,
    out: Path | None,
) -> int:
    """Try other values of an experiment's fields, and write the best ones as an experiment.

    TFX's Tuner (KerasTuner's random search) after the same ingestion as `vgg run`, which is not repeated in
    the same home folder. The first trial is the experiment as it is. Interrupted, the same command goes on;
    with more --trials it goes on from those that are there.
    """
    from pipeline.tuning.tune import Request, tune

    given = {
        "VGG_EXPERIMENT": experiment,
        "VGG_DATA": data,
        "VGG_HOME": home,
        "VGG_INIT_FROM": init_from,
    }
    variables = variables_of(given, settings)
    written = tune(Request(fields, trials, seed, objective, epochs, out), variables)
    again = f" --init-from {variables['VGG_INIT_FROM']}" if variables.get("VGG_INIT_FROM") else ""
    click.echo(f"{written}; run it with `vgg run --experiment {written}{again}` on the same data")
    return 0
