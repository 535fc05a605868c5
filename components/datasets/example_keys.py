"""Whether records are tf.Examples of a known layout: of each shard the first one, or all."""

from collections.abc import Iterable, Iterator, Sequence

from components.datasets.layouts import Layout, layout_of
from components.datasets.record_framing import HEAD, compression_of, data_length, opened
from models.errors import InputError
from models.quiet_imports import quiet_imports


def layout_of_shards(files: Sequence[str], where: str) -> Layout:
    """The layout of shards by the keys of each one's first record.

    Args:
        files: paths of whole TFRecord files (components.datasets.record_framing).
        where: begins the line of an error about the keys, such as "data folder /data".

    Raises:
        InputError: a first record is no tf.Example, or the keys are of no known layout.
    """
    return layout_of(
        set().union(*(keys for file in files for keys in _keys(file, _first_record(file)))), where
    )


def check_examples(files: Sequence[str]) -> None:
    """Parses all records.

    Raises:
        InputError: names the first one that is no tf.Example.
    """
    with quiet_imports():
        import tensorflow as tf  # takes seconds

    for file in files:
        for _ in _keys(file, tf.data.TFRecordDataset(file, compression_of(file)).as_numpy_iterator()):
            pass


def _first_record(file: str) -> Iterator[bytes]:
    """Without tf.data: a run looks here before it forks its executors' processes, and TensorFlow's threads do
    not outlive that."""
    with opened(file) as (content, _):
        if head := content.read(HEAD):
            yield content.read(data_length(head))


def _keys(file: str, records: Iterable[bytes]) -> Iterator[set[str]]:
    with quiet_imports():
        import tensorflow as tf

    for number, record in enumerate(records, start=1):
        try:
            yield set(tf.train.Example.FromString(record).features.feature)
        except Exception as error:  # protobuf's DecodeError has moved between its releases
            raise InputError(
                f"data file {file}: record {number} is no tf.Example ({error}); expected the keys of "
                "build_imagenet_data.py or of TFDS; write it with `vgg data folders` or move it away"
            ) from None
