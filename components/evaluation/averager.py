"""The Averager component: from the Scorers' posteriors to the predictions that TFMA evaluates."""

import json
import os
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, BaseChannel, Channel, artifact_utils, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter

from components import artifact_files
from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.averaging_on_beam import NAMES_SHOWN, AveragePosteriors
from components.evaluation.averaging_plan import BASELINE, AveragingPlan
from components.evaluation.net_classes import classes_of_nets, taken_on_trust
from components.evaluation.posteriors import holds_view, partition_count, read_view
from components.evaluation.view import View
from components.recipe import from_json
from models.errors import InputError

POSTERIORS = "posteriors_"
"""How the names of the inputs begin that hold posteriors."""


class Executor(BaseBeamExecutor):
    """Writes `predictions`: a tf.Example for each evaluation image, with each average under its name."""

    def Do(  # noqa: N802 - TFX's name
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """TFX's entry point; see Averager for what it is given.

        Raises:
            InputError: an image of the split does not count exactly once.
        """
        posteriors = [only for name, (only,) in input_dict.items() if name.startswith(POSTERIORS)]
        folders = {read_view(one.uri): one.uri for one in posteriors if holds_view(one.uri)}
        wanted = from_json(AveragingPlan, exec_properties["averages"])
        if not any(view.weights == BASELINE for view in folders):
            wanted = wanted.without_baseline()
        statistics = artifact_utils.get_single_instance(input_dict["statistics"])
        images = artifact_files.read_statistics(statistics, EVAL_SPLIT).datasets[0].num_examples
        predictions = artifact_utils.get_single_instance(output_dict["predictions"])
        predictions.split_names = artifact_utils.encode_split_names([EVAL_SPLIT])
        folder = artifact_utils.get_split_uri([predictions], EVAL_SPLIT)
        for line in write_predictions(self._make_beam_pipeline(), folders, wanted, folder, images):
            print(line, flush=True)


class AveragerSpec(ComponentSpec):
    """What every Averager has; see `_spec_for`."""

    PARAMETERS = {
        "averages": ExecutionParameter(type=str),
        "experiment": ExecutionParameter(type=str),
    }
    INPUTS = {"statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics)}
    OUTPUTS = {"predictions": ChannelParameter(type=standard_artifacts.Examples)}


class Averager(BaseBeamComponent):
    """Averages posteriors into the predictions that TFMA evaluates.

    Args:
        posteriors: of each view that the averages need. Each is an input of its own, since engines other than
            the local one take no union of channels.
        statistics: know how many images the evaluation split has.
        averages: components.evaluation.averaging_plan.AveragingPlan as JSON.
        experiment: whose evaluation this is; recorded in ML Metadata, where the report finds it.
    """

    SPEC_CLASS = AveragerSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)

    def __init__(
        self, posteriors: Sequence[BaseChannel], statistics: BaseChannel, averages: str, experiment: str
    ):
        named = {f"{POSTERIORS}{number}": channel for number, channel in enumerate(posteriors)}
        predictions = Channel(type=standard_artifacts.Examples)
        spec = _spec_for(tuple(named))(
            **named,
            statistics=statistics,
            averages=averages,
            experiment=experiment,
            predictions=predictions,
        )
        super().__init__(spec=spec)


def _spec_for(posteriors: tuple[str, ...]) -> type[AveragerSpec]:
    inputs = {name: ChannelParameter(type=standard_artifacts.InferenceResult) for name in posteriors}
    return type(AveragerSpec.__name__, (AveragerSpec,), {"INPUTS": {**AveragerSpec.INPUTS, **inputs}})


def write_predictions(
    beam_pipeline: beam.Pipeline, folders: dict[View, str], averages: AveragingPlan, folder: str, images: int
) -> list[str]:
    """Averages all partitions into gzipped TFRecords in `folder`, and checks that each image counts once.

    Args:
        beam_pipeline: to run it in.
        folders: of each view's posteriors.
        averages: what to compute.
        folder: to write to.
        images: that the split has, counted by another way than the Scorer's.

    Returns:
        Lines for people: which order of classes is taken on trust, and which images do not decode.

    Raises:
        InputError: two nets have not the same classes, an image has not all of its posteriors, or the
            number of images is another one.
    """
    counts = {partition_count(path) for path in folders.values()}
    if len(counts) > 1:
        raise ValueError(f"posteriors in {sorted(counts)} partitions; expected the same number in each view")
    classes = classes_of_nets(folders, averages)
    tf.io.gfile.makedirs(folder)
    proof = os.path.join(os.path.dirname(folder), "count.json")
    with beam_pipeline as pipeline:
        found = pipeline | beam.Create(range(counts.pop())) | AveragePosteriors(folders, averages, classes)
        _ = found.main | beam.io.WriteToTFRecord(os.path.join(folder, "predictions"), file_name_suffix=".gz")
        counted = found.main | beam.combiners.Count.Globally()
        missing = found.missing | "Missing" >> beam.combiners.ToList()
        undecodable = found.undecodable | "Undecodable" >> beam.combiners.ToList()
        _ = (
            counted
            | beam.Map(
                lambda n, *names: json.dumps([n, *map(sorted, names)]),
                beam.pvalue.AsSingleton(missing),
                beam.pvalue.AsSingleton(undecodable),
            )
            | beam.io.WriteToText(proof, shard_name_template="")
        )
    with tf.io.gfile.GFile(proof) as file:
        counted, missing, undecodable = json.load(file)
    _check(counted, missing, images)
    trusted = taken_on_trust(folders, classes)
    if not undecodable:
        return trusted
    return [
        *trusted,
        f"{len(undecodable)} of {images} images do not decode and count as errors: "
        f"{', '.join(undecodable[:NAMES_SHOWN])}{' ...' if len(undecodable) > NAMES_SHOWN else ''}",
    ]


def _check(counted: int, missing: Sequence[str], images: int) -> None:
    if missing or counted != images:
        names = f"; without all posteriors: {', '.join(missing[:NAMES_SHOWN])}" if missing else ""
        raise InputError(
            f"evaluation: {counted} of {images} images of the split have a prediction{names}; expected each "
            "image once; the examples and the posteriors are not of the same split: run again"
        )
