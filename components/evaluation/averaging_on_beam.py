"""Averages posteriors over flips, Q, methods and nets (section 3.2), and proves the denominator.

A Scorer's records lie in partitions by key; a partition of all views is averaged at a time, so memory is
bounded by the partition and nothing is shuffled.
"""

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import apache_beam as beam
import numpy as np
import tensorflow as tf

from components.evaluation.averaging_plan import Average, AveragingPlan
from components.evaluation.posteriors import (
    ScoredImage,
    averaged_over_flips,
    example,
    from_record,
    partition_files,
)
from components.evaluation.view import View
from models.errors import InputError
from models.label_space import Correspondence
from models.untuned import elements

PARTITION_BYTES = 32 << 20
NAMES_SHOWN = 20


def partitions(images: int, classes: int) -> int:
    """In how many parts a Scorer writes its records; the same for each of its views."""
    return max(1, math.ceil(images * classes * 8 / PARTITION_BYTES))


class AveragePosteriors(beam.PTransform):
    """Numbers of partitions to serialized tf.Examples: key, name, label, class, decodes and each average, in
    the order of the plan's leading net's classes.

    Has three outputs: `main` the examples, `missing` names of images without all of their posteriors,
    `undecodable` names of images that do not decode.

    Args:
        folders: of the Posteriors artifact of each view.
        averages: what to compute.
        classes: which label of the leading net each label of a net is, by the nets' weights.
    """

    def __init__(
        self, folders: Mapping[View, str], averages: AveragingPlan, classes: Mapping[str, Correspondence]
    ):
        super().__init__()
        self._average = _AveragePartition(dict(folders), averages, dict(classes))

    def expand(self, numbers: beam.PCollection):
        """Beam's."""
        return (
            numbers
            | beam.Reshuffle()
            | beam.ParDo(self._average).with_outputs("missing", "undecodable", main="main")
        )


class _AveragePartition(beam.DoFn):
    def __init__(self, folders: dict[View, str], averages: AveragingPlan, classes: dict[str, Correspondence]):
        self._folders, self._averages, self._classes = folders, averages, classes
        self._orders = {
            weights: None if found.order is None else np.array(found.order)
            for weights, found in classes.items()
        }

    def process(self, partition: int) -> Iterator:
        images, seen = {}, Counter()
        sums: dict[str, dict] = {average.name: {} for average in self._averages.averages}
        for view in self._averages.views:
            for occurrence, found in _records(self._folders[view], partition):
                scored = self._reordered(found, view.weights)
                known = images.get(occurrence)
                if known is None or view.weights == self._averages.leading:  # whose names are shown
                    images[occurrence] = scored
                if known and known.image.label != scored.image.label:
                    raise InputError(
                        f"image {scored.image.name}: class {known.image.label} of one net, "
                        f"{scored.image.label} of {view.weights}; expected the same one; evaluate models of "
                        "which all name their classes, or none"
                    )
                seen[occurrence] += 1
                for average in self._averages.averages:
                    _add(sums[average.name], occurrence, average, view, scored)
        for occurrence, scored in images.items():
            if not scored.decodes:
                yield beam.pvalue.TaggedOutput("undecodable", scored.image.name)
            if seen[occurrence] == len(self._averages.views):
                yield _to_record(scored, {name: sums[name][occurrence] for name in sums})
            else:
                yield beam.pvalue.TaggedOutput("missing", scored.image.name)

    def _reordered(self, scored: ScoredImage, weights: str) -> ScoredImage:
        """In the order of the leading net's classes."""
        order = self._orders[weights]
        if order is None:
            return scored
        image = dataclasses.replace(scored.image, label=self._classes[weights].of(scored.image.label))
        return dataclasses.replace(
            scored, image=image, plain=scored.plain[order], flipped=scored.flipped[order]
        )


def _records(folder: str, partition: int) -> Iterator[tuple[tuple[bytes, int], ScoredImage]]:
    """((key, how often it came before), scored): records that are alike count each."""
    occurrences: dict[bytes, int] = defaultdict(int)
    for record in elements(tf.data.TFRecordDataset(partition_files(folder, partition))):
        scored = from_record(record)
        key = scored.image.key
        yield (key, occurrences[key]), scored
        occurrences[key] += 1


def _add(sums: dict, occurrence, average: Average, view: View, scored: ScoredImage) -> None:
    """Adds what this view gives to an average: float32, each weight a product of the counts."""
    for group in average.groups:
        if view in group.views:
            both = averaged_over_flips(scored.plain, scored.flipped, group.flip)
            weighted = both * np.float32(1 / (len(group.views) * len(average.groups)))
            before = sums.get(occurrence)
            sums[occurrence] = weighted if before is None else before + weighted


def _to_record(scored: ScoredImage, found: dict[str, np.ndarray]) -> bytes:
    image = scored.image
    return example(
        key=image.key,
        name=image.name.encode(),
        label=image.label,
        decodes=int(scored.decodes),
        **{"class": scored.class_name.encode(), **found},
    ).SerializeToString()
