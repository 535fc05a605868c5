"""`vgg watch`: continuous training on a folder of generations of data."""

import click

from pipeline.commands.experiment_options import experiment_option, variables_of
from pipeline.commands.options import HOME, PATH
from pipeline.continuous.generation import Request, name_of_experiment, once
from pipeline.continuous.schedule import At, Every
from pipeline.continuous.watch import watch


@click.command("watch")
@click.option(
    "--data", envvar="VGG_DATA", type=PATH, help="Folder of span-1/, span-2/, ...  [default: HOME/data]"
)
@HOME
@experiment_option("Its name, or a file such as my.toml.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field that differs.")
@click.option(
    "--start",
    type=click.Choice(["served", "own"]),
    default="served",
    show_default=True,
    help="Each training begins from the served model's layers, or as the experiment does.",
)
@click.option("--init-from", envvar="VGG_INIT_FROM", type=PATH, help="A model that each begins from instead.")
@click.option(
    "--most-worse",
    type=click.FloatRange(-1, 1),
    default=0.0,
    show_default=True,
    help="How much larger than the last blessed model's the top-1 error may be, a share of the images.",
)
@click.option("--log", "logs", multiple=True, help="Request logs, for a drift report beside each decision.")
@click.option("--once", "one", is_flag=True, help="One look, for another program's schedule.")
@click.option("--every", default="60s", show_default=True, help="Between two looks: 30s, 10m, 6h, 1d.")
@click.option("--at", help="A look a day, such as at 02:00, in place of --every.")
@click.option("--again", is_flag=True, help="With --once: the newest generation whatever was decided on it.")
def watch_command(
    data: str | None,
    home: str | None,
    experiment: str,
    settings: tuple[str, ...],
    start: str,
    init_from: str | None,
    most_worse: float,
    logs: tuple[str, ...],
    one: bool,
    every: str,
    at: str | None,
    again: bool,
) -> int:
    """Train on each new generation of the data, compare with the last blessed model, push or not.

    DATA holds a folder for each generation, span-1/, span-2/, ... or span-1/version-1/, ... as TFX counts
    them; a new span or version whose shards are all there is run as `vgg run` would. What was decided, and
    why, is in HOME/generations.jsonl and printed by `vgg generations`. Exit status with --once: 0 a model was
    pushed; 3 it was not; 5 nothing new; 1 a component failed; 2 bad input; 75 stopped by SIGTERM with a
    checkpoint, from which the next call goes on.
    """
    given = {
        "VGG_EXPERIMENT": experiment,
        "VGG_DATA": data,
        "VGG_HOME": home,
        "VGG_INIT_FROM": init_from,
    }
    variables = variables_of(given, settings)
    request = Request(start, most_worse, again, logs)
    if one:
        return once(variables, request, click.echo)
    words = ["--start", start, "--most-worse", str(most_worse)]
    words += [word for log in logs for word in ("--log", log)]
    schedule = At.parse(at) if at else Every.parse(every)
    return watch(variables, words, name_of_experiment(variables), schedule, click.echo)
