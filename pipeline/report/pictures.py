"""Pictures of an evaluation: the best and worst predictions, class score maps, filters, the mean colour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from components.datasets.layouts import LAYOUTS
from components.evaluation.posteriors import parse_image
from components.split_records import records_in
from models.errors import InputError
from pipeline.report.data_uris import png, small_jpeg
from pipeline.report.evaluated import Evaluated, Home
from pipeline.report.located import LocatedPicture, extremes, pictured
from pipeline.report.predictions import EvaluatedImage, Summary, best_other
from pipeline.report.score_maps import ScoreMap, Scorer
from serving.saved_model.signatures import TOP

LONGER_SIDE = 200
QUALITY = 78
MOST_PICTURED = 6
MAPPED_BEST, MAPPED_WORST = 2, 4


@dataclass(frozen=True)
class Thumbnail:
    """One photograph, once in the page however often it is shown."""

    id: str
    uri: str
    width: int
    height: int


@dataclass(frozen=True)
class Shown:
    """A prediction beside its photograph.

    Attributes:
        thumbnail: id of the photograph's.
        true, taken_for: names of its class and of the best class.
        right: whether it counts as right.
        best: names and posteriors of the five best classes.
        own: posterior of its class, 0..1.
        maps: of its class at each Q, and of the class that it was taken for.
    """

    thumbnail: str
    name: str
    true: str
    taken_for: str
    right: bool
    best: tuple[tuple[str, float], ...]
    own: float
    maps: tuple[ScoreMap, ...]


@dataclass(frozen=True)
class Album:
    """All pictures of one experiment.

    Attributes:
        filters: data URI of the first layer's filters, and their number; "" without one net.
        mean_rgb: grey levels; empty without a net.
        located_best, located_worst: boxes over their photographs; empty where nothing is localised.
    """

    best: tuple[Shown, ...]
    worst: tuple[Shown, ...]
    filters: str = ""
    filter_count: int = 0
    mean_rgb: tuple[float, ...] = ()
    located_best: tuple[LocatedPicture, ...] = ()
    located_worst: tuple[LocatedPicture, ...] = ()


@dataclass(frozen=True)
class Pictures:
    """Albums by experiment, of the newest ones, and thumbnails by id."""

    albums: dict[str, Album]
    thumbnails: dict[str, Thumbnail]


def take(home: Home, found: Mapping[str, Summary]) -> Pictures:
    """Reads the photographs in one pass over each data set, and runs each net on a few of them."""
    newest = home.experiments[:MOST_PICTURED]
    located = {one.experiment: extremes(one.localised.boxes) for one in newest if one.localised}
    wanted = {p.key for one in newest for p in (*found[one.experiment].best, *found[one.experiment].worst)}
    wanted |= {one.image.key for each in located.values() for one in (*each.best, *each.worst)}
    encoded = {}
    for folder in dict.fromkeys(one.data.validation for one in newest):
        encoded |= photographs(folder, wanted)
    thumbnails = {key: thumbnail(key, data) for key, data in encoded.items()}
    albums = {one.experiment: _album(one, home, found[one.experiment], encoded) for one in newest}
    ids = {key: one.id for key, one in thumbnails.items()}
    for name, each in located.items():
        best, worst = (pictured(images, ids) for images in (each.best, each.worst))
        albums[name] = replace(albums[name], located_best=best, located_worst=worst)
    return Pictures(albums, {one.id: one for one in thumbnails.values()})


def photographs(folder: str, wanted: Iterable[bytes]) -> dict[bytes, bytes]:
    """Encoded bytes by key, of a split's TFRecords; those that are there."""
    wanted, found = set(wanted), {}
    layout = None
    for record in records_in(folder):
        if layout is None:
            keys = tf.train.Example.FromString(record).features.feature
            layout = next(one for one in LAYOUTS if one.image in keys)
        labelled, data = parse_image(record, layout)
        if labelled.key in wanted:
            found[labelled.key] = data
            if len(found) == len(wanted):
                break
    return found


def thumbnail(key: bytes, encoded: bytes) -> Thumbnail:
    """A JPEG of at most LONGER_SIDE pixels a side; without the photograph's metadata."""
    return Thumbnail(_id(key), *small_jpeg(encoded, LONGER_SIDE, QUALITY))


def filters(kernel: np.ndarray, side: int = 8, columns: int = 16) -> str:
    """Data URI of a PNG of filters [3, 3, 3, n], each stretched to its own range, side by side."""
    kernel = np.transpose(kernel, [3, 0, 1, 2])
    low = kernel.min(axis=(1, 2, 3), keepdims=True)
    high = kernel.max(axis=(1, 2, 3), keepdims=True)
    tiles = np.uint8(np.round(255 * (kernel - low) / np.maximum(high - low, 1e-9)))
    tiles = np.pad(
        tiles.repeat(side, 1).repeat(side, 2), [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=255
    )
    empty = -len(tiles) % min(columns, len(tiles))
    tiles = np.concatenate([tiles, np.full([empty, *tiles.shape[1:]], 255, np.uint8)])
    rows = tiles.reshape(-1, min(columns, len(tiles)), *tiles.shape[1:])
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
    return png(sheet)


def _album(one: Evaluated, home: Home, summary: Summary, encoded: Mapping[bytes, bytes]) -> Album:
    try:
        scorer = Scorer(home.nets[one.nets[0]].model) if one.nets else None
        names = scorer.class_names if scorer else ()
    except InputError:
        scorer, names = None, ()
    single = scorer if len(one.nets) == 1 else None
    sides = sorted({view.shorter_side for view in one.views})

    def shown(predictions: Sequence[EvaluatedImage], mapped: int) -> tuple[Shown, ...]:
        there = [prediction for prediction in predictions if prediction.key in encoded]
        return tuple(
            _shown(each, names, encoded, sides, single if index < mapped else None)
            for index, each in enumerate(there)
        )

    return Album(
        best=shown(summary.best, MAPPED_BEST),
        worst=shown([each for each in summary.worst if not _right(each)], MAPPED_WORST),
        filters=filters(single.first_kernel) if single else "",
        filter_count=single.first_kernel.shape[-1] if single else 0,
        mean_rgb=single.mean_rgb if single else (),
    )


def _shown(each: EvaluatedImage, names, encoded, sides, scorer: Scorer | None) -> Shown:
    order = np.argsort(-each.posteriors, kind="stable")[:TOP]
    right = _right(each)
    other = best_other(each)
    name = names.__getitem__ if names else "class {}".format
    classes = {"its class": each.label} if right else {"its class": each.label, "taken for": other}
    return Shown(
        thumbnail=_id(each.key),
        name=each.name,
        true=each.class_name,
        taken_for=each.class_name if right else name(other),
        right=right,
        best=tuple((name(int(label)), float(each.posteriors[label])) for label in order),
        own=float(each.posteriors[each.label]),
        maps=scorer.maps(encoded[each.key], classes, sides) if scorer else (),
    )


def _right(each: EvaluatedImage) -> bool:
    others = np.delete(each.posteriors, each.label)
    return bool(each.posteriors[each.label] > others.max())


def _id(key: bytes) -> str:
    return f"i{key[:6].hex()}"
