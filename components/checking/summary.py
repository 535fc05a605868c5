"""All shards' findings brought together: 44 bytes of memory for each image, and what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import tensorflow as tf

from components.checking import duplicates
from components.checking.box_figures import box_figures, without_own_box
from components.checking.check import (
    TRAIN,
    VALIDATION,
    Check,
    ClassFigures,
    Fault,
    Place,
    Repeated,
    SplitFigures,
)
from components.checking.shard import (
    BOX,
    DAMAGED,
    ODD,
    ROW,
    UNDECODABLE,
    Findings,
    Shard,
    read_findings,
    read_names,
    read_rows,
)
from components.checking.sizes import histograms, spreads
from components.datasets.storage import storage_of
from models.pixel_moments import MOMENTS, mean_and_covariance

SPLITS = {TRAIN: True, VALIDATION: False}
NAMED = 5


@dataclass(frozen=True)
class Summary:
    """Everything that was found, before it is put into words.

    Attributes:
        shards: all of them.
        findings: of each.
        rows: ROW [images], in the order of the shards and of their records.
    """

    shards: Sequence[Shard]
    findings: Sequence[Findings]
    rows: np.ndarray

    @classmethod
    def of(cls, shards: Sequence[Shard], folder: str) -> "Summary":
        """What components.checking.on_beam left in the folder."""
        rows = [read_rows(folder, shard.number) for shard in shards]
        findings = [read_findings(folder, shard.number) for shard in shards]
        return cls(shards, findings, np.concatenate([np.empty(0, ROW), *rows]))

    def place(self, row: int) -> tuple[str, int, bool]:
        """A row's path, its offset there in bytes, and whether it is of training."""
        one = self.rows[row]
        return self.shards[one["shard"]].path, int(one["offset"]), bool(one["training"])

    def names(self, folder: str, places: Sequence[int]) -> dict[int, str]:
        """File names of some rows."""
        wanted, found, first = set(places), {}, 0
        counts = Counter(self.rows["shard"].tolist())
        for shard in self.shards:
            end = first + counts[shard.number]
            if any(first <= place < end for place in wanted):
                named = enumerate(read_names(folder, shard.number), first)
                found |= {place: name for place, name in named if place in wanted}
            first = end
        return found


def figures(summary: Summary, folder: str, **told) -> Check:
    """The check's figures.

    Args:
        summary: of all shards.
        folder: where their findings lie.
        told: Check's data, layout, written, seconds, seed and manifest.
    """
    decoded = summary.rows[summary.rows["decodes"]]
    moments = [sum(each.moments[index] for each in summary.findings) for index in range(MOMENTS)]
    mean, covariance = _mean_and_covariance(moments)
    classes, remarks = _classes(summary)
    boxes = box_figures(zip(summary.shards, summary.findings, strict=True))
    return Check(
        **told,
        splits={name: _split(summary, training) for name, training in SPLITS.items()},
        classes=classes,
        sizes=spreads(decoded),
        histograms=histograms(decoded),
        colour_modes=_colour_modes(summary),
        orientations=_by_split(decoded, "orientation"),
        pixels=moments[0],
        mean_rgb=mean,
        covariance_rgb=covariance,
        boxes=boxes,
        damaged=_faults(summary, DAMAGED),
        odd=_faults(summary, ODD),
        undecodable=_faults(summary, UNDECODABLE),
        wrong_boxes=_faults(summary, BOX),
        repeated=_repeated(summary, folder),
        remarks=(*remarks, *without_own_box(boxes)),
    )


def _mean_and_covariance(moments: Sequence[int]):
    if not moments[0]:
        return (), ()
    mean, covariance = mean_and_covariance(tf.constant([float(each) for each in moments], tf.float64))
    return tuple(mean.numpy().tolist()), tuple(map(tuple, covariance.numpy().tolist()))


def _split(summary: Summary, training: bool) -> SplitFigures:
    own = [
        (shard, found)
        for shard, found in zip(summary.shards, summary.findings, strict=True)
        if shard.training == training
    ]
    rows = summary.rows[summary.rows["training"] == training]
    return SplitFigures(
        shards=len(own),
        bytes=sum(storage_of(shard.path).size(shard.path) for shard, _ in own),
        records=sum(found.records for _, found in own),
        images=len(rows),
        decoded=int(rows["decodes"].sum()),
    )


def _classes(summary: Summary) -> tuple[tuple[ClassFigures, ...], tuple[str, ...]]:
    """The classes, and what is odd about them."""
    images, called = defaultdict(Counter), defaultdict(Counter)
    for shard, found in zip(summary.shards, summary.findings, strict=True):
        for label, name, synset, count in found.classes:
            images[label][shard.training] += count
            called[label][name, synset] += count
    most = {label: min(of, key=lambda each: (-of[each], each)) for label, of in called.items()}
    classes = tuple(
        ClassFigures(label, *most[label], train=images[label][True], validation=images[label][False])
        for label in sorted(images)
    )
    return classes, tuple(chain(_several_names(called), _without_images(classes)))


def _several_names(called: Mapping[int, Counter]) -> Iterator[str]:
    for label in sorted(called):
        if len(called[label]) > 1:
            most = called[label].most_common(NAMED)
            names = "; ".join(f"{_spoken(name, synset)} ({count})" for (name, synset), count in most)
            yield f"label {label} has {len(called[label])} names: {names}"
    labels = defaultdict(set)
    for label, of in called.items():
        for name, synset in of:
            if synset or name:
                labels[synset or name].add(label)
    for name, several in sorted(labels.items()):
        if len(several) > 1:
            yield f"{name} is the name of {len(several)} labels: {_some(sorted(several))}"


def _spoken(name: str, synset: str) -> str:
    return " ".join(dict.fromkeys(filter(None, (synset, name)))) or "no name"


def _without_images(classes: Sequence[ClassFigures]) -> Iterator[str]:
    labels = {one.label for one in classes}
    last = max(labels, default=-1)
    gaps = last + 1 - len(labels)
    if gaps:
        missing = (label for label in range(last + 1) if label not in labels)
        first = [next(missing) for _ in range(min(gaps, NAMED))]
        yield f"no image of {gaps} of the labels 0 to {last}: {', '.join(map(str, first))}" + (
            ", ..." if gaps > NAMED else ""
        )
    for split in SPLITS:
        none = [one.label for one in classes if not getattr(one, split)]
        if none:
            yield f"no {split} image of {len(none)} of the {len(classes)} labels: {_some(none)}"


def _colour_modes(summary: Summary) -> dict[str, dict[str, int]]:
    """Of all images, most frequent first."""
    found = {split: Counter() for split in SPLITS}
    for shard, findings in zip(summary.shards, summary.findings, strict=True):
        split = TRAIN if shard.training else VALIDATION
        own = summary.rows["mode"][summary.rows["shard"] == shard.number]
        for mode, count in zip(*np.unique(own, return_counts=True), strict=True):
            found[split][findings.modes[mode]] += int(count)
    return {split: dict(counts.most_common()) for split, counts in found.items()}


def _by_split(rows: np.ndarray, name: str) -> dict[str, dict[int, int]]:
    found = {}
    for split, training in SPLITS.items():
        values = np.unique(rows[name][rows["training"] == training], return_counts=True)
        found[split] = {int(value): int(count) for value, count in zip(*values, strict=True)}
    return found


def _faults(summary: Summary, kind: str) -> tuple[Fault, ...]:
    return tuple(
        Fault(_place(shard, one.record, one.offset, one.file, one.label), one.what, one.unread)
        for shard, found in zip(summary.shards, summary.findings, strict=True)
        for one in found.problems
        if one.kind == kind
    )


def _repeated(summary: Summary, folder: str) -> tuple[Repeated, ...]:
    found = list(duplicates.groups(summary.rows))
    names = summary.names(folder, [place for one in found for place in one.places.tolist()])
    return tuple(
        Repeated(one.kinds, tuple(_place_of(summary, place, names[place]) for place in one.places.tolist()))
        for one in found
    )


def _place_of(summary: Summary, place: int, name: str) -> Place:
    row = summary.rows[place]
    shard = summary.shards[row["shard"]]
    return _place(shard, int(row["record"]), int(row["offset"]), name, int(row["label"]))


def _place(shard: Shard, record: int, offset: int, file: str, label: int | None) -> Place:
    split = TRAIN if shard.training else VALIDATION
    return Place(split, shard.path.rpartition("/")[2], record, offset, file, label)


def _some(labels: Sequence[int]) -> str:
    return ", ".join(map(str, labels[:NAMED])) + (", ..." if len(labels) > NAMED else "")
