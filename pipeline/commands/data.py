"""`vgg data`: makes data sets that the pipeline reads, and looks at them."""

from pathlib import Path

import click

from components.datasets.class_folders import check_folder
from pipeline.commands.data_check import check
from pipeline.commands.data_ilsvrc import ilsvrc
from pipeline.commands.data_options import OUT, SEED
from pipeline.commands.data_voc import voc


@click.group()
def data() -> None:
    """Make data sets in the schema of build_imagenet_data.py, and look at them."""


@data.command()
@OUT
@click.option("--train-per-class", default=100, show_default=True, type=click.IntRange(min=1))
@click.option("--validation-per-class", default=30, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--two-objects",
    is_flag=True,
    help="Draw a smaller shape of another class beside each, with a box of its own.",
)
@SEED
def sample(out: Path, train_per_class: int, validation_per_class: int, two_objects: bool, seed: int) -> None:
    """Draw a data set: ten shapes, in the sizes of photographs, with their boxes."""
    from components.datasets.sample import write_sample
    from pipeline.commands.data_screen import screen
    from pipeline.commands.data_summary import summarise

    with screen() as watcher:
        made = write_sample(
            out,
            train_per_class=train_per_class,
            validation_per_class=validation_per_class,
            two_objects=two_objects,
            seed=seed,
            watcher=watcher,
        )
    summarise(made, watcher)


@data.command()
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@OUT
@click.option(
    "--validation-fraction",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of each class kept for validation, where SRC has no folder for it: at least one image.",
)
@SEED
@click.option(
    "--class-list",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Lines SYNSET<TAB>NAME or NAME; line i names the class of label i. Else: the folders' order.",
)
@click.option("--train-shards", type=click.IntRange(min=1), help="Else one for about 500 images, at least 2.")
@click.option("--validation-shards", type=click.IntRange(min=1), help="Else one for about 500 images.")
@click.option(
    "--re-encode",
    is_flag=True,
    help="Re-encode as JPEG what a run would not decode, where that mends it: too many pixels (these are "
    "scaled down), other formats, some damage.",
)
@click.option(
    "--shorter-side",
    type=click.IntRange(min=32),
    metavar="PIXELS",
    help="Store larger photographs at this shorter side, as JPEG of quality 95; 512 is the most that the "
    "experiments look at.",
)
@click.option(
    "--train-per-class",
    type=click.IntRange(min=1),
    help="In place of a share: train on so many of each class, drawn by --seed, and validate on the others.",
)
@click.option("--most-validation", type=click.IntRange(min=1), help="With that: on at most so many of each.")
@click.option(
    "--keep-repeated",
    is_flag=True,
    help="Store photographs that are there twice (in a class, in two, in both splits), and only count them.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Write nothing if a photograph is to be left out: unreadable, or there twice.",
)
def folders(source: Path, out: Path, **options) -> None:
    """Write the photographs of SRC, one folder per class.

    SRC holds train/CLASS/*.jpg and val/CLASS/*.jpg (or Training/ and Testing/, valid/, ...), or CLASS/*.jpg,
    which is split within each class by a hash of the files' names. JPEG and PNG files are stored as they are,
    or smaller with --shorter-side.
    Boxes of objects are read from PASCAL VOC's XML beside the photographs, or in a folder Annotations.
    Left out and listed are files that a run would not decode, and photographs that are there twice.
    """
    check_folder(source)
    from components.datasets.folders import Options, write_folders
    from pipeline.commands.data_screen import screen
    from pipeline.commands.data_summary import summarise

    with screen() as watcher:
        made = write_folders(source, out, Options(**options), watcher=watcher)
    summarise(made, watcher)


data.add_command(ilsvrc)
data.add_command(voc)
data.add_command(check)
