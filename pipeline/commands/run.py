"""`vgg run`: from TFRecords to a pushed model."""

import click

from components.training.machines.cluster import WORKER, WORKERS
from models.initialisation import Initialisation
from pipeline.commands.experiment_options import experiment_option, variables_of
from pipeline.commands.options import HOME, PATH, completing
from pipeline.running.run import run


@click.command("run")
@experiment_option("Its name, a pattern of names such as 'mini-*', or a file such as my.toml.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="FIELD=VALUE",
    help="A field that differs, such as training.batch=32; again for another.",
)
@click.option("--data", envvar="VGG_DATA", type=PATH, help="Folder of TFRecords.  [default: HOME/data]")
@HOME
@click.option(
    "--init",
    envvar="VGG_INIT",
    shell_complete=completing(lambda: [each.value for each in Initialisation]),
    help="Random weights in place of base models: glorot, paper, small or he.",
)
@click.option(
    "--init-from", envvar="VGG_INIT_FROM", type=PATH, help="Folder of an exported model to start from."
)
@click.option(
    "--workers",
    envvar=WORKERS,
    metavar="HOST:PORT,...",
    help="Machines that train together; the first runs the pipeline. TF_CONFIG works too.",
)
@click.option("--worker", envvar=WORKER, metavar="INDEX", help="Which of them this machine is, from 0 on.")
def run_command(
    experiment: str,
    settings: tuple[str, ...],
    data: str | None,
    home: str | None,
    init: str | None,
    init_from: str | None,
    workers: str | None,
    worker: str | None,
) -> int:
    """Run the pipeline: from TFRecords to a pushed model.

    The same as `tfx run create --pipeline vgg`. Each option can also be given as an environment variable:
    VGG_EXPERIMENT, VGG_SET, VGG_DATA, VGG_HOME, VGG_INIT, VGG_INIT_FROM, VGG_WORKERS, VGG_WORKER. Exit
    status: 0 the model was pushed; 1 a component failed; 2 bad input; 3 a threshold refused the model;
    75 stopped by SIGTERM, a training with a checkpoint; 130 interrupted. On several machines, all with the
    same.
    """
    given = {
        "VGG_EXPERIMENT": experiment,
        "VGG_DATA": data,
        "VGG_HOME": home,
        "VGG_INIT": init,
        "VGG_INIT_FROM": init_from,
        WORKERS: workers,
        WORKER: worker,
    }
    return run(variables_of(given, settings))
