"""Whether records are tf.Examples of a known layout: of each shard the first one, or all."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from components.datasets.layouts import Layout, layout_of
from components.datasets.record_framing import HEAD, TAIL, compression_of, data_length, opened
from models.errors import InputError
from models.quiet_imports import quiet_imports

if TYPE_CHECKING:
    import tensorflow as tf


def layout_of_shards(files: Sequence[str], where: str) -> Layout:
    """The layout of shards by the keys of each one's first record.

    Args:
        files: paths of whole TFRecord files (components.datasets.record_framing).
        where: begins the line of an error about the keys, such as "data folder /data".

    Raises:
        InputError: a first record is no tf.Example, or the keys are of no known layout.
    """
    return layout_of(
        set().union(*(keys for file in files for keys in _keys(file, _first_records(file, 1)))), where
    )


def some_record_has(files: Sequence[str], key: str, most: int) -> bool:
    """Whether one of the first records of the shards, `most` in all, has numbers under a key.

    Raises:
        InputError: one of them is no tf.Example.
    """
    records = ((file, record) for file in files for record in _first_records(file, most))
    for file, record in islice(records, most):
        if _parsed(file, record).features.feature[key].float_list.value:
            return True
    return False


def check_examples(files: Sequence[str]) -> None:
    """Parses all records.

    Raises:
        InputError: names the first one that is no tf.Example.
    """
    with quiet_imports():
        import tensorflow as tf  # takes seconds

        from models.untuned import elements

    for file in files:
        for _ in _keys(file, elements(tf.data.TFRecordDataset(file, compression_of(file)))):
            pass


def _first_records(file: str, most: int) -> Iterator[bytes]:
    """Without tf.data: a run looks here before it forks its executors' processes, and TensorFlow's threads do
    not outlive that."""
    with opened(file) as (content, _):
        for _ in range(most):
            if not (head := content.read(HEAD)):
                return
            yield content.read(data_length(head))
            content.read(TAIL)


def _keys(file: str, records: Iterable[bytes]) -> Iterator[set[str]]:
    for number, record in enumerate(records, start=1):
        yield set(_parsed(file, record, f"record {number}").features.feature)


def _parsed(file: str, record: bytes, which: str = "a record") -> "tf.train.Example":
    with quiet_imports():
        import tensorflow as tf

    try:
        return tf.train.Example.FromString(record)
    except Exception as error:  # protobuf's DecodeError has moved between its releases
        raise InputError(
            f"data file {file}: {which} is no tf.Example ({error}); expected the keys of "
            "build_imagenet_data.py or of TFDS; write it with `vgg data folders` or move it away"
        ) from None
