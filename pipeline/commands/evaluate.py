"""`vgg evaluate`: any exported model, any protocol, without training."""

import dataclasses
import functools
import json
import os
from pathlib import Path

import click

from components.beam_check import check_beam
from components.beam_options import beam_options
from components.datasets.shards import VALIDATION, find_shards
from components.recipe import Evaluation
from models.errors import InputError
from models.literal_paths import check_literal
from models.protocols import Protocol
from models.quiet_imports import quiet_imports
from pipeline.commands.options import PATH, completing, shorter_sides
from pipeline.environment import BEAM
from pipeline.exit_status import ComponentError, named
from serving.saved_model.description import describe


@click.command("evaluate")
@click.option("--model", "models", multiple=True, required=True, type=PATH,
              help="Exported model; several are fused.")  # fmt: skip
@click.option("--data", required=True, envvar="VGG_DATA", type=PATH,
              help="Folder with validation-* TFRecords.")  # fmt: skip
@click.option("--protocol", default="dense", show_default=True, help="dense, multi-crop, multi-crop-dense, "
              "ten-crop or centre-crop.",
              shell_complete=completing(lambda: [each.value for each in Protocol]))  # fmt: skip
@click.option("--q", "sides", help="Shorter sides, such as 256,384,512.  [default: the first model's]")
@click.option("--flip/--no-flip", default=True, show_default=True, help="Average with the horizontal flip.")
@click.option(
    "--home",
    envvar="VGG_HOME",
    default="~/vgg",
    show_default=True,
    type=PATH,
    help="Posteriors are kept below.",
)
@click.option("--json", "json_", is_flag=True, help="For programs: shares in 0..1.")
def evaluate(
    models: tuple[str, ...], data: str, protocol: str, sides: str | None, flip: bool, home: str, json_: bool
) -> int:
    """Evaluate pushed or trained models on the validation split, without training.

    With several --model, their posteriors are averaged (the paper's section 4.4). Forward passes are kept in
    HOME/posteriors: another protocol over the same Q, or another fusion, repeats none of them. VGG_BEAM has
    options of Beam.
    """
    kept = Path(home).expanduser().absolute() / "posteriors"
    check_literal("home folder", kept.parent)
    options = beam_options(os.environ.get(BEAM, ""), BEAM)
    check_beam(options, BEAM, {"folder of posteriors": kept, "data folder": data})
    wanted, sides_ = Protocol.named(protocol), shorter_sides(sides)
    heads = [describe(model)[1] for model in models]
    if "://" not in data:
        find_shards(data, VALIDATION)
    chosen = Evaluation(shorter_sides=sides_ or heads[0].shorter_sides, flip=flip, protocol=wanted)
    with quiet_imports():
        from components.evaluation.model_evaluation import evaluate_models, find_examples, local_pipeline
    say = functools.partial(click.echo, err=json_)  # programs read the output
    progress = _silent if json_ else click.echo
    try:
        with quiet_imports():
            figures = evaluate_models(
                models,
                find_examples(data),
                chosen,
                str(kept),
                pipeline=functools.partial(local_pipeline, options),
                say=say,
                progress=progress,
            )
    except (InputError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ComponentError(f"evaluate: {named(error)}; posteriors that are complete are kept") from error
    if json_:
        click.echo(json.dumps([dataclasses.asdict(figure) for figure in figures], indent=2))
    else:
        _show(figures)
    return 0


def _silent(line: str) -> None:
    """In place of progress where programs read the output."""


def _show(figures) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    overall = [figure for figure in figures if not figure.of_class]
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("posteriors of")
    for name in ("top-1 error", "top-5 error", "nats", "calibration error"):
        table.add_column(name, justify="right", no_wrap=True)
    for figure in overall:
        shares = (figure.top1_error, figure.top5_error, figure.expected_calibration_error)
        top1, top5, calibration = (_share(measured) for measured in shares)
        table.add_row(figure.name, top1, top5, f"{figure.cross_entropy.value:.3f}", calibration)
    console = Console()
    console.print(table)
    console.print(
        f"{overall[-1].images} images; per cent, 95 % intervals (Poisson bootstrap); nats: cross-entropy.",
        highlight=False,
    )


def _share(measured) -> str:
    value = f"{100 * measured.value:.1f}"
    if measured.lower is None:
        return value
    lower, upper = max(0.0, measured.lower), min(1.0, measured.upper)
    return f"{value} [{100 * lower:.1f}, {100 * upper:.1f}]"
