"""Stops the run before training: anomalies of the examples, photographs that do not decode."""

from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components import artifact_files
from components.datasets.layouts import EVAL_SPLIT, TRAIN_SPLIT
from components.ingestion.transform import undecodable_images
from models.errors import InputError

NAMES_SHOWN = 20


@component
def AnomalyGate(  # noqa: N802 - TFX names components so
    anomalies: InputArtifact[standard_artifacts.ExampleAnomalies],
    verdict: OutputArtifact[standard_artifacts.String],
) -> None:
    """Fails on any anomaly that ExampleValidator found, and says which, in which split."""
    found = [
        f"{split} split, {_describe(name, info)}"
        for split in artifact_files.split_names(anomalies)
        for name, info in _anomalies(artifact_files.read_anomalies(anomalies, split))
    ]
    if found:
        raise InputError(
            f"data: {'; '.join(found)}. Nothing was trained; mend the TFRecords, or set the number of "
            "classes (VGG_SET=net.classes=N), and run again"
        )
    verdict.write("no anomalies")


@component
def UndecodableGate(  # noqa: N802 - TFX names components so
    transform_graph: InputArtifact[standard_artifacts.TransformGraph],
    transformed_examples: InputArtifact[standard_artifacts.Examples],
    verdict: OutputArtifact[standard_artifacts.String],
    most_undecodable: Parameter[float],
) -> None:
    """Reports photographs that do not decode, and fails where a split has more than a share of them.

    Args:
        transform_graph: knows them for the training split.
        transformed_examples: know them for the evaluation split.
        verdict: the report as text.
        most_undecodable: share of a split, 0..1.
    """
    splits = {
        TRAIN_SPLIT: undecodable_images(transform_graph.uri),
        EVAL_SPLIT: _undecodable_examples(transformed_examples),
    }
    lines = [
        f"{split} split: {len(names)} of {images} images do not decode: {_shorten(names)}"
        for split, (names, images) in splits.items()
        if names
    ]
    for line in lines:
        print(line, flush=True)
    if any(len(names) > most_undecodable * images for names, images in splits.values()):
        raise InputError(
            f"data: {'; '.join(lines)}; the experiment allows {most_undecodable:.2%} of a split; "
            "mend or remove these files"
        )
    verdict.write("\n".join(lines) or "every image decodes")


def _anomalies(anomalies: anomalies_pb2.Anomalies) -> list[tuple[str, anomalies_pb2.AnomalyInfo]]:
    found = sorted(anomalies.anomaly_info.items())
    if anomalies.HasField("dataset_anomaly_info"):
        found.append(("data set", anomalies.dataset_anomaly_info))
    return found


def _describe(name: str, info: anomalies_pb2.AnomalyInfo) -> str:
    reasons = [f"{reason.short_description}: {reason.description}".rstrip(". ") for reason in info.reason]
    return f"{name}: {', '.join(reasons) or info.description}"


def _undecodable_examples(transformed_examples) -> tuple[list[str], int]:
    names, images = [], 0
    for example in artifact_files.read_examples(transformed_examples, EVAL_SPLIT):
        images += 1
        feature = example.features.feature
        if not feature["decodable"].int64_list.value[0]:
            names.append(feature["filename"].bytes_list.value[0].decode(errors="replace"))
    return sorted(names), images


def _shorten(names: list[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
