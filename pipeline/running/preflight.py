"""Looks at the data before anything starts, so that a mistake costs a second and one line."""

from components.beam_check import check_beam
from components.datasets import shards
from components.datasets.example_keys import layout_of_shards
from components.datasets.record_framing import check_heads
from components.datasets.shards import TRAINING, VALIDATION
from components.localisation.box_data import check_boxes
from models.errors import InputError
from pipeline.environment import BEAM, Environment
from pipeline.store_path import Place, StorePath
from serving.saved_model.description import DESCRIPTION, describe


def check_home_is_here(folder: Place) -> None:
    """Whether the local engine can have its home folder there.

    Raises:
        InputError: it is an object store's.
    """
    if isinstance(folder, StorePath):
        raise InputError(
            f"home folder {folder}: an object store has neither locks nor ML Metadata's SQLite; expected a "
            "folder of this machine; set VGG_PIPELINE_ROOT and VGG_SERVING to folders of that store, or "
            "`vgg compile` the pipeline for another engine"
        )


def check_workers(environment: Environment) -> None:
    """Whether the options of Beam are whole, and its workers see what they read and write.

    Raises:
        InputError: components.beam_check.check_beam's.
    """
    folders = {"pipeline's root": environment.pipeline_root, "initial model's folder": environment.init_from}
    check_beam(environment.beam, BEAM, {what: folder for what, folder in folders.items() if folder})


def check_data(folder: Place) -> None:
    """Looks for both splits' shards, whether their records follow one another whole, as far as that is seen
    at once (components.datasets.record_framing), and begin with a tf.Example of a known layout.

    Raises:
        InputError: the folder, a split, or a file is not what it should be.
    """
    splits = find_shards(folder)
    for files in splits:
        check_heads(files)
    for files in splits:
        layout_of_shards(files, f"data folder {folder}")


def check_localisation(folder: Place, *, several_machines: bool) -> None:
    """Whether a box net can be trained, which is after all else is (appendix A).

    Raises:
        InputError: the data have no boxes, or there are several machines.
    """
    if several_machines:
        raise InputError(
            "experiment with localisation: its box net is trained on one machine, and this run has several; "
            "run the experiment without localisation on them first, and then this one on the first of them: "
            "the nets are found in the cache"
        )
    check_boxes(find_shards(folder), f"data folder {folder}")


def check_classes(folder: Place, experiment: str, classes: int, there: int | None) -> None:
    """Whether the data have as many classes as an experiment fixes.

    Args:
        folder: of the data.
        experiment: its name.
        classes: of its net.
        there: classes of the data, components.datasets.listed_classes'.

    Raises:
        InputError: they have not: the net would have classes that nothing is of, or too few.
    """
    if there is not None and there != classes:
        raise InputError(
            f"data folder {folder}: {there} classes; experiment {experiment} fixes net.classes = {classes}; "
            "leave net.classes out of the experiment's file and of VGG_SET: the net has as many as the data"
        )


def check_model(folder: Place) -> None:
    """Whether a model to start from is one of this project's; without TensorFlow on this machine, so at
    once.

    Raises:
        InputError: it is not.
    """
    if isinstance(folder, StorePath):
        describe(str(folder))
    elif not (folder / DESCRIPTION).is_file():
        raise InputError(
            f"model to start from {folder}: no {DESCRIPTION} in it; expected an exported model, "
            "such as $VGG_HOME/serving/vgg/VERSION; set VGG_INIT_FROM"
        )


def check_base(experiment: str, init_from: Place | None) -> None:
    """Whether an experiment that trains the net of another model has that model.

    Raises:
        InputError: it has none.
    """
    if init_from is None:
        raise InputError(
            f"experiment {experiment}: starts from a model, and none is named; set VGG_INIT_FROM (vgg run "
            "--init-from) to the folder of one, such as $VGG_HOME/serving/vgg/VERSION or what `vgg weights "
            "import` made"
        )


def find_shards(folder: Place) -> list[list[str]]:
    """Files of the training and of the validation split; without TensorFlow, so at once.

    Raises:
        InputError: components.datasets.shards.find_shards'.
    """
    return [shards.find_shards(str(folder), split) for split in (TRAINING, VALIDATION)]
