"""Looks at the data before anything starts, so that a mistake costs a second and one line."""

from collections.abc import Iterable
from pathlib import Path

from components.datasets.layouts import TRAIN_SHARDS, VALIDATION_SHARDS, layout_of
from models.errors import InputError
from models.quiet_imports import quiet_imports
from serving.saved_model.description import DESCRIPTION

MAKE_DATA = "make one with `vgg data sample --out DIR` or `vgg data folders SRC --out DIR`, or set VGG_DATA"


def check_data(folder: Path) -> None:
    """Looks for both splits' shards, and whether each begins with a tf.Example of a known layout.

    Raises:
        InputError: the folder, a split, or a file is not what it should be.
    """
    for shards in find_shards(folder):
        _check_shards(shards)


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


def find_shards(folder: Path) -> list[list[Path]]:
    """Files of the training and of the validation split; without TensorFlow, so at once.

    Raises:
        InputError: there is no such folder, or no file of a split.
    """
    return [_find(folder, "training", TRAIN_SHARDS), find_validation_shards(folder)]


def find_validation_shards(folder: Path) -> list[Path]:
    """Files of the validation split alone, as evaluation needs; raises as find_shards does."""
    return _find(folder, "validation", VALIDATION_SHARDS)


def _find(folder: Path, split: str, pattern: str) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"data folder {folder}: is no folder; {MAKE_DATA}")
    shards = sorted(folder.glob(pattern))
    if not shards:
        raise InputError(f"data folder {folder}: no {split} shards named {pattern}; {MAKE_DATA}")
    return shards


def _check_shards(shards: Iterable[Path]) -> None:
    keys = set()
    for shard in shards:
        keys |= _first_keys(shard)
    layout_of(keys, str(shard.parent))


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
