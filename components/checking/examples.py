"""A record as a tf.Example of a known layout, or what keeps it from being one."""

from collections.abc import Iterable
from dataclasses import dataclass

import tensorflow as tf

from components.checking.boxes import Boxes, boxes_of
from components.datasets.layouts import Layout, layout_of
from components.datasets.record_salvage import Record, salvage
from models.errors import InputError, cause_of

MOST_LABEL = (1 << 31) - 1


@dataclass(frozen=True)
class LabelledPhotograph:
    """One image of a data set.

    Attributes:
        encoded: the photograph's file.
        label: 0.., whatever number the layout begins with.
        name: of the file.
        text: the class's name; empty where the record has none.
        synset: the class's WordNet id; likewise.
        boxes: of its objects.
    """

    encoded: bytes
    label: int
    name: str
    text: str
    synset: str
    boxes: Boxes


class WrongExample(ValueError):  # noqa: N818 - a finding, not an error of the program
    """A record that is no example of the layout; the message says why in a few words."""


def parse(record: bytes, layout: Layout) -> LabelledPhotograph:
    """Raises WrongExample."""
    feature = _features(record)
    for key in layout.required:
        if key not in feature:
            raise WrongExample(f"has no {key}; its keys: {', '.join(sorted(feature)) or 'none'}")
    label = _only(feature, layout.label, "int64_list") - layout.first_label
    if not 0 <= label <= MOST_LABEL:
        found = label + layout.first_label
        raise WrongExample(f"{layout.label} is {found}; expected {layout.first_label} or more")
    return LabelledPhotograph(
        encoded=_only(feature, layout.image, "bytes_list"),
        label=label,
        name=_text(_only(feature, layout.filename, "bytes_list")),
        text=_first(feature, layout.class_text),
        synset=_first(feature, layout.synset),
        boxes=boxes_of(feature, layout, label + layout.first_label),
    )


def layout_of_files(files: Iterable[str], where: str) -> Layout:
    """The layout of shards, by the keys of the first record that can be read.

    Args:
        files: their paths.
        where: begins the line of an error, such as "data folder /data".

    Raises:
        InputError: the keys are of no known layout, or no record of any file can be read.
    """
    first = ""
    for file in files:
        for one in salvage(file):
            if not isinstance(one, Record):
                first = first or f"{file}: record {one.number}, at byte {one.offset}: {one.what}"
                continue
            try:
                return layout_of(_features(one.data), where)
            except WrongExample as wrong:
                first = first or f"{file}: record {one.number}, at byte {one.offset}: {wrong}"
    raise InputError(
        f"{where}: none of its shards holds a record that can be read ({first or 'all are empty'}); expected "
        "plain or gzipped TFRecords of tf.Examples; write the data again"
    )


def _features(record: bytes):
    try:
        return tf.train.Example.FromString(record).features.feature
    except Exception as error:  # noqa: BLE001 - protobuf's DecodeError has moved between its releases
        raise WrongExample(f"is no tf.Example ({cause_of(error)})") from None


def _only(feature, key: str, kind: str) -> bytes | int:
    values = getattr(feature[key], kind).value
    if len(values) != 1:
        there = feature[key].WhichOneof("kind")
        found = f"{len(values)} values" if there in (kind, None) else f"a {there}"
        raise WrongExample(f"{key} has {found}; expected one value of a {kind}")
    return values[0]


def _first(feature, key: str | None) -> str:
    if key is None or key not in feature:
        return ""
    values = feature[key].bytes_list.value
    return _text(values[0]) if values else ""


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
