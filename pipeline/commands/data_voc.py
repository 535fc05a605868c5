"""`vgg data voc`: PASCAL VOC's folders to TFRecords."""

from pathlib import Path

import click

from pipeline.commands.data_options import OUT, SEED


@click.command()
@click.argument("year", metavar="DIR", type=click.Path(path_type=Path))
@OUT
@click.option("--train", default="trainval", show_default=True, help="The set to train on.")
@click.option("--test", default="test", show_default=True, help="The set to test on: val of VOC 2012.")
@SEED
def voc(year: Path, out: Path, train: str, test: str, seed: int) -> None:
    """Write the classification task of PASCAL VOC from DIR, such as VOCdevkit/VOC2007.

    An image's label is the class of its largest object; the experiment `transfer` reads the classes of all
    objects, and gives the mean average precision.
    """
    from components.datasets.voc import write_voc
    from pipeline.commands.data_screen import screen
    from pipeline.commands.data_summary import summarise

    with screen() as watcher:
        made = write_voc(year, out, train=train, test=test, seed=seed, watcher=watcher)
    summarise(made, watcher)
