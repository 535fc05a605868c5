"""`vgg data ilsvrc`: ImageNet's archives, which stay packed, to TFRecords."""

import os
from pathlib import Path

import click

from pipeline.commands.data_options import OUT, SEED


def _given(name: str, help_text: str, *, required: bool = False):
    return click.option(
        name, required=required, type=click.Path(path_type=Path), metavar="PATH", help=help_text
    )


@click.command()
@_given("--train", "ILSVRC2012_img_train.tar, or a folder of class folders.", required=True)
@_given("--val", "ILSVRC2012_img_val.tar, or a folder of images or of class folders.", required=True)
@_given("--devkit", "ILSVRC2012_devkit_t12.tar.gz: classes, their names, the validation images' labels.")
@_given("--val-synsets", "In its place: a synset a line for each validation image, or LOC_val_solution.csv.")
@_given("--class-names", "Lines SYNSET NAME, such as LOC_synset_mapping.txt; before the devkit's names.")
@_given("--train-boxes", "ILSVRC2012_bbox_train_v2.tar.gz, or a folder of annotations.")
@_given("--val-boxes", "ILSVRC2012_bbox_val_v3.tgz, or a folder of annotations.")
@OUT
@SEED
@click.option("--train-shards", default=1024, show_default=True, type=click.IntRange(1, 99_999))
@click.option("--validation-shards", default=128, show_default=True, type=click.IntRange(1, 99_999))
@click.option("--check-md5", is_flag=True, help="Compare the archives' MD5 sums with ImageNet's first.")
def ilsvrc(
    out: Path, seed: int, train_shards: int, validation_shards: int, check_md5: bool, **inputs: Path | None
) -> None:
    """Write ILSVRC-2012 (ImageNet) from its archives, which are not unpacked.

    The images are shuffled over the shards and stored as they are; what is no RGB or grey JPEG is re-encoded.
    A call that was killed goes on from its last finished shard when it is given again. VGG_BEAM has options
    for Beam, which starts a process for each core without them.
    """
    from components.beam_check import check_beam
    from components.beam_options import BEAM_ON_ALL_CORES, beam_options
    from components.datasets.ilsvrc.labelled import Inputs
    from components.datasets.ilsvrc.write import Options, write_ilsvrc
    from pipeline.commands.data_screen import screen
    from pipeline.commands.data_summary import summarise

    beam = beam_options(os.environ.get("VGG_BEAM", ""), "VGG_BEAM", BEAM_ON_ALL_CORES)
    check_beam(beam if os.environ.get("VGG_BEAM") else (), "VGG_BEAM", {"data folder": out})
    options = Options(seed, train_shards, validation_shards, check_md5, beam)
    with screen() as watcher:
        made = write_ilsvrc(out, Inputs(**inputs), options, watcher=watcher)
    summarise(made, watcher)
