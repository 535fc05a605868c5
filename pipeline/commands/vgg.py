"""The `vgg` command."""

import sys
from collections.abc import Callable

import click

from models.quiet_imports import quiet_imports
from pipeline.commands.data import data
from pipeline.commands.evaluate import evaluate
from pipeline.commands.predict import predict
from pipeline.commands.push import push_command
from pipeline.commands.report import report
from pipeline.exit_status import exit_status
from pipeline.running.run import DEFAULT_EXPERIMENT, run
from serving.server.command import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def vgg() -> None:
    """The VGG paper (Simonyan & Zisserman 2014) as a TFX pipeline."""


@vgg.command("run")
@click.option("--experiment", envvar="VGG_EXPERIMENT", default=DEFAULT_EXPERIMENT, show_default=True)
@click.option("--data", envvar="VGG_DATA", help="Folder of TFRecords.  [default: HOME/data]")
@click.option("--home", envvar="VGG_HOME", help="Folder of everything a run writes.  [default: ~/vgg]")
@click.option(
    "--init", envvar="VGG_INIT", help="Random weights in place of base models: glorot, paper, small or he."
)
@click.option("--init-from", envvar="VGG_INIT_FROM", help="Folder of an exported model to start from.")
def run_command(
    experiment: str, data: str | None, home: str | None, init: str | None, init_from: str | None
) -> int:
    """Run the pipeline: from TFRecords to a pushed model.

    The same as `tfx run create --pipeline vgg`. Each option can also be given as an environment variable:
    VGG_EXPERIMENT, VGG_DATA, VGG_HOME, VGG_INIT, VGG_INIT_FROM. Exit status: 0 the model was pushed; 1 a
    component failed; 2 bad input; 3 a threshold refused the model; 75 stopped by SIGTERM with a checkpoint;
    130 interrupted.
    """
    given = {
        "VGG_EXPERIMENT": experiment,
        "VGG_DATA": data,
        "VGG_HOME": home,
        "VGG_INIT": init,
        "VGG_INIT_FROM": init_from,
    }
    return run({name: value for name, value in given.items() if value})


@vgg.command("experiments")
def experiments_command() -> int:
    """List the experiments with the paper's errors."""
    with quiet_imports():
        from pipeline.experiments.experiment_table import show_experiments
    show_experiments()
    return 0


@vgg.command("nets")
@click.option("--json", "json_", is_flag=True, help="For programs: plain numbers.")
def nets_command(json_: bool) -> int:
    """List the six configurations and what each costs."""
    with quiet_imports():
        from pipeline.nets.net_table import as_json, show_nets
    if json_:
        click.echo(as_json())
    else:
        show_nets()
    return 0


vgg.add_command(data)
vgg.add_command(evaluate)
vgg.add_command(predict)
vgg.add_command(push_command)
vgg.add_command(report)
vgg.add_command(serve)


def main(arguments: list[str] | None = None) -> None:
    """Runs `vgg ARGUMENTS` and exits with its status."""
    sys.exit(exit_status(_command(arguments)))


def _command(arguments: list[str] | None) -> Callable[[], int]:
    def command() -> int:
        try:
            return vgg.main(args=arguments, prog_name="vgg", standalone_mode=False) or 0
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            raise KeyboardInterrupt from None

    return command
