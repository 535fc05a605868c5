"""`vgg transfer`: a linear SVM on descriptors of one model or several, measured as in appendix B."""

import dataclasses
import functools
import json
import os
from pathlib import Path

import click

from components.beam_check import check_beam
from components.beam_options import beam_options
from components.datasets.shards import TRAINING, VALIDATION, find_shards, listed_classes
from models.errors import InputError
from models.literal_paths import check_literal
from models.quiet_imports import quiet_imports
from pipeline.commands.options import PATH, shorter_sides
from pipeline.environment import BEAM
from pipeline.exit_status import ComponentError, named
from serving.saved_model.description import describe


@click.command("transfer")
@click.option("--model", "models", multiple=True, required=True, type=PATH,
              help="Exported model; of several the descriptors are stacked.")  # fmt: skip
@click.option("--data", required=True, envvar="VGG_DATA", type=PATH, help="Folder of TFRecords.")
@click.option("--q", "sides", help="Shorter sides, such as 256,384,512.  [default: the first model's]")
@click.option("--stack", is_flag=True, help="Stack the descriptors over Q.  [default: average them]")
@click.option("--flip/--no-flip", default=True, show_default=True, help="Average with the horizontal flip.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--home", envvar="VGG_HOME", default="~/vgg", show_default=True, type=PATH,
              help="Descriptors are kept below.")  # fmt: skip
@click.option("--json", "json_", is_flag=True, help="For programs: shares in 0..1.")
def transfer(
    models: tuple[str, ...], data: str, sides: str | None, stack: bool, flip: bool, seed: int, home: str,
    json_: bool,
) -> int:  # fmt: skip
    """Measure a linear SVM on descriptors, as the paper's appendix B.

    The SVM is trained on the training split, its constant chosen on a fifth of it, and tested on the
    validation split: mean class recall, or of images with several classes (`vgg data voc`) mean average
    precision. It makes no model; `vgg run --experiment transfer` does, of one net with descriptors averaged
    over Q. Forward passes are kept in HOME/descriptors. VGG_BEAM has options of Beam.
    """
    kept = Path(home).expanduser().absolute() / "descriptors"
    check_literal("home folder", kept.parent)
    options = beam_options(os.environ.get(BEAM, ""), BEAM)
    check_beam(options, BEAM, {"folder of descriptors": kept, "data folder": data})
    chosen = shorter_sides(sides) or describe(models[0])[1].shorter_sides
    for split in (TRAINING, VALIDATION):
        find_shards(data, split)
    classes = listed_classes(data)
    if classes is None:
        raise InputError(f"data folder {data}: does not tell its classes; expected one that `vgg data` wrote")
    with quiet_imports():
        from components.evaluation.model_evaluation import local_pipeline
        from components.transfer.protocol import OverQ, measure
    try:
        with quiet_imports():
            found = measure(
                models, data, classes, chosen, over_q=OverQ.STACK if stack else OverQ.AVERAGE, flip=flip,
                seed=seed, folder=str(kept), pipeline=functools.partial(local_pipeline, options),
                progress=functools.partial(click.echo, err=json_),
            )  # fmt: skip
    except (InputError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise ComponentError(f"transfer: {named(error)}; descriptors that are complete are kept") from error
    if json_:
        figures = {name: dataclasses.asdict(figure) for name, figure in found.figures.items()}
        images = {"train": found.train, "test": found.test}
        document = {"figures": figures, "constant": found.chosen.constant, "images": images}
        click.echo(json.dumps(document, indent=2))
        return 0
    for name, figure in found.figures.items():
        click.echo(f"{name}: {figure}")
    click.echo(
        f"{found.train} images to train, {found.test} to test, {classes} classes; SVM's constant "
        f"{found.chosen.constant:g}; 95 % intervals (bootstrap over the test images)"
    )
    return 0
