"""TFDV's comparison of served images with training images: its skew comparators, its words."""

from dataclasses import dataclass

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from components.drift.features import NUMBERS, WORDS
from components.drift.statistics import Statistics, images_in
from models.errors import InputError

JENSEN_SHANNON, L_INFINITY = "Jensen-Shannon", "L-infinity"


@dataclass(frozen=True)
class Bounds:
    """Beyond which a feature has drifted.

    Attributes:
        numbers: Jensen-Shannon divergence of a number's histograms, 0..1.
        words: L-infinity distance of the shares of a word's values, 0..1: the share that differs most.
        fewest: images on either side; with fewer, chance alone makes distances of that size.
    """

    numbers: float = 0.1
    words: float = 0.1
    fewest: int = 200


@dataclass(frozen=True)
class Distance:
    """Of one feature.

    Attributes:
        measure: JENSEN_SHANNON or L_INFINITY.
        trained, served: what it is like: the mean, or the most frequent value with its share.
        words: TFDV's own where it has drifted, else "".
    """

    feature: str
    measure: str
    distance: float
    threshold: float
    trained: str
    served: str
    words: str

    @property
    def drifted(self) -> bool:
        """Whether TFDV calls it an anomaly."""
        return bool(self.words)


def compare(trained: Statistics, served: Statistics, bounds: Bounds) -> list[Distance]:
    """The distance of each feature, in the order of components.drift.features.

    Raises:
        InputError: there are too few images to tell.
    """
    for what, statistics in (("training", trained), ("served", served)):
        if images_in(statistics) < bounds.fewest:
            raise InputError(
                f"{images_in(statistics)} {what} images: too few to tell drift from chance; expected at "
                f"least {bounds.fewest}; log more requests, or set --fewest"
            )
    anomalies = tfdv.validate_statistics(trained, _schema(bounds), serving_statistics=served)
    measured = {info.path.step[0]: info.skew_measurements[0].value for info in anomalies.drift_skew_info}
    return [_distance(name, measured, anomalies, bounds, trained, served) for name in (*NUMBERS, *WORDS)]


def _schema(bounds: Bounds) -> schema_pb2.Schema:
    schema = schema_pb2.Schema()
    for name in NUMBERS:
        feature = schema.feature.add(name=name, type=schema_pb2.FLOAT)
        feature.skew_comparator.jensen_shannon_divergence.threshold = bounds.numbers
    for name in WORDS:
        feature = schema.feature.add(name=name, type=schema_pb2.BYTES)
        feature.skew_comparator.infinity_norm.threshold = bounds.words
    return schema


def _distance(
    name: str,
    measured: dict[str, float],
    anomalies: anomalies_pb2.Anomalies,
    bounds: Bounds,
    trained: Statistics,
    served: Statistics,
) -> Distance:
    is_number = name in NUMBERS
    info = anomalies.anomaly_info.get(name)
    return Distance(
        feature=name,
        measure=JENSEN_SHANNON if is_number else L_INFINITY,
        distance=measured[name],
        threshold=bounds.numbers if is_number else bounds.words,
        trained=_like(trained, name),
        served=_like(served, name),
        words=info.description if info else "",
    )


def _like(statistics: Statistics, name: str) -> str:
    feature = _feature(statistics, name)
    if name in NUMBERS:
        return f"{feature.num_stats.mean:.4g}"
    best = max(feature.string_stats.rank_histogram.buckets, key=lambda bucket: bucket.sample_count)
    return f"{best.label} {best.sample_count / images_in(statistics):.0%}"


def _feature(statistics: Statistics, name: str) -> statistics_pb2.FeatureNameStatistics:
    return next(each for each in statistics.datasets[0].features if each.path.step[0] == name)
