"""The `vgg` command."""

import sys
from collections.abc import Callable

import click

from pipeline.commands.compile import compile_command
from pipeline.commands.data import data
from pipeline.commands.doctor import doctor
from pipeline.commands.drift import drift
from pipeline.commands.evaluate import evaluate
from pipeline.commands.experiments import experiments
from pipeline.commands.generations import generations
from pipeline.commands.nets import nets
from pipeline.commands.predict import predict
from pipeline.commands.push import push_command
from pipeline.commands.report import report
from pipeline.commands.rollback import rollback
from pipeline.commands.run import run_command
from pipeline.commands.similar import similar
from pipeline.commands.submit import submit_command
from pipeline.commands.transfer import transfer
from pipeline.commands.tune import tune_command
from pipeline.commands.version import VERSION
from pipeline.commands.watch import watch_command
from pipeline.commands.weights import weights
from pipeline.exit_status import exit_status
from serving.server.command import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@VERSION
def vgg() -> None:
    """The VGG paper (Simonyan & Zisserman 2014) as a TFX pipeline."""


for command in (
    run_command,
    watch_command,
    generations,
    drift,
    tune_command,
    compile_command,
    submit_command,
    experiments,
    nets,
    data,
    weights,
    evaluate,
    transfer,
    predict,
    similar,
    push_command,
    rollback,
    report,
    serve,
    doctor,
):
    vgg.add_command(command)


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
