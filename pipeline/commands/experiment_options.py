"""What `vgg run`, `vgg tune` and `vgg watch` are told in the same words: the experiment, and settings."""

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence

import click

from pipeline.commands.options import completing
from pipeline.running.run import DEFAULT_EXPERIMENT

SET = "VGG_SET"


def experiment_names() -> Iterable[str]:
    """The built-in ones."""
    from pipeline.experiments.catalogue import EXPERIMENTS

    return EXPERIMENTS


def experiment_option(words: str):
    """--experiment, of which `words` says what it may be."""
    return click.option(
        "--experiment",
        envvar="VGG_EXPERIMENT",
        default=DEFAULT_EXPERIMENT,
        show_default=True,
        shell_complete=completing(experiment_names),
        help=words,
    )


def variables_of(given: Mapping[str, str | None], settings: Sequence[str]) -> dict[str, str]:
    """The environment's variables, such as VGG_COPY_DATA too, and what a command was given over them;
    `settings` are those of --set, behind the environment's."""
    own = {**given, SET: " ".join([os.environ.get(SET, ""), shlex.join(settings)]).strip()}
    return {**os.environ, **{name: value for name, value in own.items() if value}}
