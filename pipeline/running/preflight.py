"""Looks at the data before anything starts, so that a mistake costs a second and one line."""

from collections.abc import Iterable
from pathlib import Path

from components.datasets import shards
from components.datasets.layouts import layout_of
from components.datasets.shards import TRAINING, VALIDATION
from models.errors import InputError
from models.quiet_imports import quiet_imports
from serving.saved_model.description import DESCRIPTION


def check_data(folder: Path) -> None:
    """Looks for both splits' shards, and whether each begins with a tf.Example of a known layout.

    Raises:
        InputError: the folder, a split, or a file is not what it should be.
    """
    for files in find_shards(folder):
        _check_shards(files, folder)


def check_model(folder: Path) -> None:
    """Whether a model to start from is one of this project's; without TensorFlow, so at once.

    Raises:
        InputError: it is not.
    """
    if not (folder / DESCRIPTION).is_file():
        raise InputError(
            f"model to start from {folder}: no {DESCRIPTION} in it; expected an exported model, "
            "such as $VGG_HOME/serving/vgg/VERSION; set VGG_INIT_FROM"
        )


def find_shards(folder: Path) -> list[list[str]]:
    """Files of the training and of the validation split; without TensorFlow, so at once.

    Raises:
        InputError: components.datasets.shards.find_shards'.
    """
    return [shards.find_shards(str(folder), split) for split in (TRAINING, VALIDATION)]


def _check_shards(files: Iterable[str], folder: Path) -> None:
    keys = set()
    for file in files:
        keys |= _first_keys(Path(file))
    layout_of(keys, str(folder))


def _first_keys(shard: Path) -> set[str]:
    with quiet_imports():
        import tensorflow as tf  # takes seconds

    try:
        records = list(tf.data.TFRecordDataset(str(shard)).take(1).as_numpy_iterator())
    except tf.errors.DataLossError:
        raise InputError(
            f"data file {shard}: is no TFRecord file, or a damaged one; expected uncompressed TFRecords; "
            "write it again or move it away"
        ) from None
    except tf.errors.OpError as error:
        raise InputError(
            f"data file {shard}: cannot be read ({type(error).__name__}); expected a readable TFRecord file; "
            "mend its permissions or move it away"
        ) from None
    if not records and shard.stat().st_size:
        raise InputError(
            f"data file {shard}: is cut short; expected TFRecords; write it again or move it away"
        )
    try:
        return {key for record in records for key in tf.train.Example.FromString(record).features.feature}
    except Exception as error:  # protobuf's DecodeError has moved between its releases
        raise InputError(
            f"data file {shard}: its first record is no tf.Example ({error}); expected the keys of "
            "build_imagenet_data.py or of TFDS; write it with `vgg data folders` or move it away"
        ) from None
