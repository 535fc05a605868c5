"""ExampleGen for data that are TFRecord shards already: it registers them where they lie.

TFX's ImportExampleGen reads every record, reshuffles all of them in memory and writes them again into one
gzipped file: of ImageNet a second copy of 140 GB, which cannot be read in a random order. Here the Examples
artifact has a link to each shard in the folders where TFX's components look for a split's files, and beside
them an index of the records (components.datasets.record_index), which the Trainer's input is read by.
"""

import os
import time
from typing import Any

import tensorflow as tf
from google.protobuf import struct_pb2
from tfx.components.example_gen.component import FileBasedExampleGen
from tfx.components.example_gen.utils import SPAN_PROPERTY_NAME, VERSION_PROPERTY_NAME
from tfx.components.util import examples_utils
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils
from tfx.utils import proto_utils

from components.datasets import record_index
from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.datasets.record_framing import compression_of, unpack
from components.datasets.record_index import RecordIndex
from components.datasets.shards import TRAINING, VALIDATION, find_shards
from components.datasets.spans import generation_of
from models.errors import InputError

SPLITS = {TRAIN_SPLIT: TRAINING, EVAL_SPLIT: VALIDATION}
COPY, VERSION = "copy", "version"
WRITTEN = 1
"""To be raised with each change of what is written into the artifact: it is a part of the cache's key."""
INDEX = "index"
SAID_EVERY = 30.0  # seconds


class RegisterShards(BaseBeamExecutor):  # TFX lets no other kind be an ExampleGen's
    """Fills the Examples artifact with links to the shards, or copies of them; gzipped ones it unpacks."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """TFX's entry point.

        Args:
            input_dict: empty.
            output_dict: `examples`, the artifact to fill. Its custom properties get the numbers of files and
                of records in each split, and span and version where the folder is a generation's
                (components.datasets.spans); the driver has added the fingerprint.
            exec_properties: FileBasedExampleGen's; `custom_config` says whether to copy.

        Raises:
            InputError: a split's shards are not whole (components.datasets.shards), a record is damaged
                (record_framing), or they can be neither linked nor copied.
        """
        del input_dict
        examples = artifact_utils.get_single_instance(output_dict["examples"])
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        for split, names in SPLITS.items():
            shards = find_shards(exec_properties["input_base"], names)
            folder = artifact_utils.get_split_uri([examples], split)
            _place(shards, folder, copy=_copies(exec_properties))
            files = [os.path.join(folder, os.path.basename(shard)) for shard in shards]
            index = record_index.index_of(files)
            write_index(examples.uri, split, index)
            examples.set_int_custom_property(f"{split}_files", len(index.files))
            examples.set_int_custom_property(f"{split}_records", len(index))
        _set_generation(examples, exec_properties["input_base"])
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)


class ShardExampleGen(FileBasedExampleGen):
    """Registers the shards of a data folder, train-* and validation-*, as splits `train` and `eval`.

    TFX's driver makes a fingerprint of the files' number, bytes and times: a file that changed, came or went
    is new data, and all that follows is computed anew.

    Args:
        input_base: the data folder.
        copy: whether the shards are copied into the artifact, because they will not stay where they lie.
    """

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(RegisterShards)

    def __init__(self, input_base: str, *, copy: bool = False):
        super().__init__(
            input_base=input_base,
            input_config=example_gen_pb2.Input(
                splits=[
                    example_gen_pb2.Input.Split(name=split, pattern=names.pattern)
                    for split, names in SPLITS.items()
                ]
            ),
            custom_config=_custom_config(copy),
        )


def write_index(uri: str, split: str, index: RecordIndex) -> None:
    """Puts the index of a split's records into an Examples artifact's folder."""
    path = _index_path(uri, split)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(record_index.to_bytes(index))


def read_index(split_folder: str) -> RecordIndex:
    """The index of a split whose files lie in `split_folder`, .../ShardExampleGen/examples/1/Split-train.

    Raises:
        InputError: there is none.
    """
    uri, name = os.path.split(split_folder)
    path = _index_path(uri, name.removeprefix("Split-"))
    if not tf.io.gfile.exists(path):
        raise InputError(
            f"examples {uri}: no {path}; expected the index that ShardExampleGen writes, since an epoch is "
            "read in a random order; have it make the examples"
        )
    with tf.io.gfile.GFile(path, "rb") as file:
        return record_index.from_bytes(file.read(), split_folder)


def _index_path(uri: str, split: str) -> str:
    return os.path.join(uri, INDEX, f"{split}.npz")


def _custom_config(copy: bool) -> example_gen_pb2.CustomConfig:
    values = struct_pb2.Struct()
    values.update({COPY: copy, VERSION: WRITTEN})
    config = example_gen_pb2.CustomConfig()
    config.custom_config.Pack(values)
    return config


def _copies(exec_properties: dict[str, Any]) -> bool:
    config, values = example_gen_pb2.CustomConfig(), struct_pb2.Struct()
    proto_utils.json_to_proto(exec_properties["custom_config"], config)
    config.custom_config.Unpack(values)
    return bool(values[COPY])


def _set_generation(examples: Artifact, folder: str) -> None:
    """Span and version as the folder's path says them. TFX's driver knows them only where its pattern finds
    the newest ones itself, and which generation is run has been decided before."""
    if generation := generation_of(folder):
        examples.set_int_custom_property(SPAN_PROPERTY_NAME, generation.span)
        if generation.version is not None:
            examples.set_int_custom_property(VERSION_PROPERTY_NAME, generation.version)


def _place(shards: list[str], folder: str, *, copy: bool) -> None:
    tf.io.gfile.makedirs(folder)
    elsewhere = next((path for path in (folder, *shards) if "://" in path), None)
    if elsewhere and not copy:
        raise InputError(
            f"{elsewhere}: lies in a file system that has no links; expected data and home on this machine's "
            "own; set VGG_COPY_DATA=1, which copies the data into the home folder"
        )
    said = time.monotonic()
    for number, shard in enumerate(shards):
        target = os.path.join(folder, os.path.basename(shard))
        if compression_of(shard):
            _unpack(shard, target, is_first=not number)
        elif copy:
            _copy(shard, target)
        else:
            _link(shard, target)
        if time.monotonic() - said > SAID_EVERY:
            said = time.monotonic()
            print(f"ShardExampleGen: {number + 1} of {len(shards)} shards are in place", flush=True)


def _unpack(shard: str, target: str, *, is_first: bool) -> None:
    if is_first:
        print(
            f"ShardExampleGen: {shard} and others are gzipped, which can be read only from the beginning: "
            f"unpacked into {os.path.dirname(target)}",
            flush=True,
        )
    try:
        unpack(shard, target)
    except OSError as error:
        raise InputError(
            f"data file {shard}: cannot be unpacked to {target} ({error.strerror}); expected room for all of "
            "the data, unpacked; free some space"
        ) from None


def _link(shard: str, target: str) -> None:
    try:
        os.symlink(os.path.abspath(shard), target)
    except OSError as error:
        raise InputError(
            f"data file {shard}: no link to it can be made at {target} ({error.strerror}); expected a home "
            "folder on a file system that has links and room; set VGG_HOME to one, or VGG_COPY_DATA=1"
        ) from None


def _copy(shard: str, target: str) -> None:
    try:
        tf.io.gfile.copy(shard, target)
    except tf.errors.OpError as error:
        raise InputError(
            f"data file {shard}: cannot be copied to {target} ({error.message}); expected room and "
            "permission to write there; free some space, or leave VGG_COPY_DATA at 0"
        ) from None
