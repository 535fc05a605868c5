"""The Descriptors component: fc7 of a model for each image of both splits, at one Q."""

import os
from collections.abc import Mapping, Sequence

import apache_beam as beam
import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.dsl.component.experimental.annotations import (
    BeamComponentParameter,
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_artifacts

from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.evaluation.data_labels import read_labels
from components.evaluation.scoring_on_beam import read_examples
from components.transfer.describing_on_beam import DescribeImages

SPLITS = (TRAIN_SPLIT, EVAL_SPLIT)
FILES = "descriptors"


@component(use_beam=True)
def Descriptors(  # noqa: N802 - TFX names components so
    examples: InputArtifact[standard_artifacts.Examples],
    descriptors: OutputArtifact[standard_artifacts.Examples],
    model: Parameter[str],
    content: Parameter[str],
    shorter_side: Parameter[int],
    flip: Parameter[int],
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Writes `descriptors`. Cached by TFX: another SVM on the same images needs no forward pass.

    Args:
        examples: with splits train and eval.
        descriptors: with the same splits (components.transfer.described).
        model: folder of an exported model, which need not be one of the pipeline's.
        content: its fingerprint, for TFX's cache.
        shorter_side: Q in pixels.
        flip: 1, the flip's descriptor is averaged in, or 0.
        beam_pipeline: TFX's.

    Raises:
        InputError: the model is none, or the examples have an unknown layout.
    """
    descriptors.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples_utils.set_payload_format(descriptors, example_gen_pb2.FORMAT_TF_EXAMPLE)
    files = {
        split: sorted(tf.io.gfile.glob(os.path.join(artifact_utils.get_split_uri([examples], split), "*")))
        for split in SPLITS
    }
    folders = {split: artifact_utils.get_split_uri([descriptors], split) for split in SPLITS}
    with beam_pipeline as pipeline:
        describe_splits(pipeline, files, folders, model, shorter_side, flip=bool(flip))


def describe_splits(
    pipeline: beam.Pipeline,
    files: Mapping[str, Sequence[str]],
    folders: Mapping[str, str],
    model: str,
    shorter_side: int,
    *,
    flip: bool,
) -> None:
    """Adds to a pipeline the descriptors of each split, of TFRecord `files` into its folder.

    Raises:
        InputError: the model is none, or the examples have an unknown layout.
    """
    for split, paths in files.items():
        layout = read_labels(paths, f"{split} examples").layout
        describe = DescribeImages(model, shorter_side, layout, flip=flip)
        _ = pipeline | split >> _Split(paths, describe, os.path.join(folders[split], FILES))


class _Split(beam.PTransform):
    """From files to a file, under a name of its own in Beam's graph."""

    def __init__(self, files: Sequence[str], describe: DescribeImages, out: str):
        super().__init__()
        self._files, self._describe, self._out = files, describe, out

    def expand(self, begin: beam.pvalue.PBegin):
        """Beam's."""
        return read_examples(begin, self._files) | self._describe | beam.io.WriteToTFRecord(self._out)
