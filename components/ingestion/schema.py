"""The written schema of ImageNet TFRecords, and how StatisticsGen must look at them."""

import json

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts

from components.artifact_files import read_statistics, split_names, write_schema
from components.datasets.layouts import LAYOUTS, TRAIN_SPLIT, Layout, layout_of
from models.errors import InputError


def statistics_options() -> tfdv.StatsOptions:
    """Options for StatisticsGen: the keys the pipeline uses, and photographs as images.

    Without the image domain a photograph is a string feature: its unique values and most frequent values,
    100 kB each, would be counted and stored.
    """
    schema = schema_pb2.Schema()
    for layout in LAYOUTS:
        image = schema.feature.add(name=layout.image, type=schema_pb2.BYTES)
        image.image_domain.SetInParent()
    keys = [key for layout in LAYOUTS for key in layout.required + layout.optional + layout.boxes.all]
    return _OneFormOptions(schema=schema, feature_allowlist=keys)


class _OneFormOptions(tfdv.StatsOptions):
    """Options whose text is the same under TFX 1.16 and 1.21.

    It is a parameter of StatisticsGen, so a part of its cache key: a home folder begun under one version goes
    on under the other without computing all anew. TFDV 1.21 has lost one attribute, which 1.16 must find.
    """

    def to_json(self) -> str:
        return json.dumps({"_slice_sqls": None, **json.loads(super().to_json())}, sort_keys=True)


def written_schema(layout: Layout, classes: int, found: frozenset[str]) -> schema_pb2.Schema:
    """The schema that each split must satisfy: one image, one label in range, one file name an example.

    Class texts, synset ids and boxes are in it where `found`, as they may be missing. Boxes have a type and
    no range: training cuts off what reaches beyond the image, and `vgg data check` names it.
    """
    schema = schema_pb2.Schema()
    for key in layout.required:
        feature = schema.feature.add(name=key, type=schema_pb2.BYTES)
        feature.presence.min_fraction = 1.0
        feature.presence.min_count = 1
        feature.shape.dim.add(size=1)
        if key == layout.image:
            feature.image_domain.SetInParent()
        if key == layout.label:
            feature.type = schema_pb2.INT
            feature.int_domain.min = layout.first_label
            feature.int_domain.max = layout.first_label + classes - 1
    for key in layout.optional:
        if key in found:
            feature = schema.feature.add(name=key, type=schema_pb2.BYTES)
            feature.value_count.max = 1
    for key in layout.boxes.all:
        if key not in found:
            continue
        kind = schema_pb2.INT if key == layout.boxes.label else schema_pb2.FLOAT
        schema.feature.add(name=key, type=kind)
    return schema


@component
def WrittenSchemaGen(  # noqa: N802 - TFX names components so
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    schema: OutputArtifact[standard_artifacts.Schema],
    classes: Parameter[int],
) -> None:
    """Chooses the layout by the keys found in the training split and writes its schema."""
    for split in split_names(statistics):
        _refuse_empty(read_statistics(statistics, split), split)
    keys = _keys(read_statistics(statistics, TRAIN_SPLIT))
    layout = layout_of(keys, "training split")
    write_schema(schema, written_schema(layout, classes, keys))
    if note := unreached_classes(read_statistics(statistics, TRAIN_SPLIT), layout, classes):
        print(note, flush=True)


def unreached_classes(
    statistics: statistics_pb2.DatasetFeatureStatisticsList, layout: Layout, classes: int
) -> str:
    """One line where the last classes have no training image, since no label reaches them; "" else.

    Gaps between the labels are not seen: the statistics have their range, not their values.
    """
    (dataset,) = statistics.datasets
    labels = [feature for feature in dataset.features if feature.path.step[0] == layout.label]
    last = layout.first_label + classes - 1
    largest = max((int(feature.num_stats.max) for feature in labels), default=last)
    if largest >= last:
        return ""
    return (
        f"train split: the largest {layout.label} is {largest}, and the net has {classes} classes, to "
        f"{last}: {last - largest} have no training image; VGG_SET=net.classes=N sets another number"
    )


def _refuse_empty(statistics: statistics_pb2.DatasetFeatureStatisticsList, split: str) -> None:
    if sum(dataset.num_examples for dataset in statistics.datasets) == 0:
        raise InputError(f"{split} split: no examples; expected photographs in its TFRecords; write it again")


def _keys(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> frozenset[str]:
    (dataset,) = statistics.datasets
    return frozenset(feature.path.step[0] for feature in dataset.features)
