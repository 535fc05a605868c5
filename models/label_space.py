"""Label spaces: which class each label stands for, and which label of one is which of another.

A label is only a number. Two data sets of the same classes may number them differently, so a model
meets data, or another model, by the classes' WordNet ids (synsets) and names, never by the numbers alone.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from models.errors import InputError

UNKNOWN = -1
"""In place of a label where a class has none."""


@dataclass(frozen=True)
class LabelSpace:
    """By label, 0..classes-1.

    Attributes:
        names: of the classes; empty where unknown.
        synsets: WordNet ids; empty where unknown, () where none is known.
    """

    names: tuple[str, ...]
    synsets: tuple[str, ...] = ()

    @classmethod
    def of_model(cls, names: Iterable[str], synsets: Iterable[str]) -> "LabelSpace":
        """Of a model's names, among which a class that its training data did not name is `class 7`."""
        names, synsets = tuple(names), tuple(synsets)
        ids = synsets or ("",) * len(names)
        known = (
            "" if name == placeholder(label) and not synset else name
            for label, (name, synset) in enumerate(zip(names, ids, strict=True))
        )
        return cls(tuple(known), synsets)


@dataclass(frozen=True)
class Correspondence:
    """Which label of a model each label of data, or of another model, is.

    Attributes:
        labels: by the other's label the model's, UNKNOWN for a class that cannot be told; None where each
            label is itself.
        trusted: whether that is only assumed, as one of the two names no classes.
    """

    labels: tuple[int, ...] | None = None
    trusted: bool = False

    def of(self, label: int) -> int:
        """The model's label; UNKNOWN where it cannot be told."""
        if self.labels is None:
            return label
        return self.labels[label] if 0 <= label < len(self.labels) else UNKNOWN

    @property
    def order(self) -> tuple[int, ...] | None:
        """By the model's label the other's: the order that brings values of all classes into the model's.
        Only of `compare_models`; None where it is the same.
        """
        return (
            None
            if self.labels is None
            else tuple(sorted(range(len(self.labels)), key=self.labels.__getitem__))
        )


def placeholder(label: int) -> str:
    """What a class is called that the training data did not name."""
    return f"class {label}"


def unique_names(names: Iterable[str], synsets: Iterable[str] = ()) -> tuple[str, ...]:
    """Names to show, by label, no two alike: with the synset behind a name that several classes have.

    Two of ImageNet's classes are called crane: `crane (n02012849)`, the bird, and `crane (n03126707)`. Where
    the synsets do not tell them apart, the number of the label stands there.
    """
    names = tuple(names)
    ids = tuple(synsets) or ("",) * len(names)
    shown = [
        f"{name} ({synset})" if several and synset else name
        for name, synset, several in zip(names, ids, _repeated(names), strict=True)
    ]
    while any(again := _repeated(shown)):
        shown = [
            f"{name} ({placeholder(label)})" if several else name
            for label, (name, several) in enumerate(zip(shown, again, strict=True))
        ]
    return tuple(shown)


def compare(
    model: LabelSpace, other: LabelSpace, *, what: str, do: str, whose: str = "the model's"
) -> Correspondence:
    """Compares a model's label space with that of data, of which some classes may be missing.

    Compared are synsets where both know them for all classes that they name, and share one; else names, in
    Unicode's normal form NFC.

    Args:
        model: names outputs of a network.
        other: the data's; of a class without images, or without a name, both texts are empty.
        what: begins the error's line, such as "data folder /data".
        do: ends it: what to do.
        whose: what the model's class is called in it.

    Raises:
        InputError: a class of the data is none of the model's, or cannot be told from another one.
    """
    own, theirs = _identities(model, other)
    present = [label for label, identity in enumerate(theirs) if identity]
    if not present or not any(own):
        return Correspondence(trusted=True)
    places = {identity: label for label, identity in enumerate(own) if identity}
    differing = [label for label in present if _differs(label, own, theirs, places)]
    if not differing:
        return Correspondence()
    label, why = _first_difference(own, theirs, differing, places)
    if why is not None:
        raise InputError(
            f"{what}: class {label}, counted from 0, is {_called(other, label)}, {whose} is "
            f"{_called(model, label)}{why}; {do}"
        )
    return Correspondence(
        tuple(places.get(identity, UNKNOWN) if identity else UNKNOWN for identity in theirs)
    )


def compare_models(first: LabelSpace, other: LabelSpace, *, what: str, do: str, whose: str) -> Correspondence:
    """Compares two models' label spaces: one to one. See `compare`.

    Raises:
        InputError: they have not the same classes.
    """
    if len(first.names) != len(other.names):
        raise InputError(f"{what}: {len(other.names)} classes; expected {len(first.names)}; {do}")
    found = compare(first, other, what=what, do=do, whose=whose)
    if found.labels is not None and UNKNOWN in found.labels:
        label = found.labels.index(UNKNOWN)
        raise InputError(
            f"{what}: class {label} has no name, and the others are in another order; expected a name of "
            f"each class; {do}"
        )
    return found


def most_frequent(found: Mapping[tuple[int, str, str], int]) -> LabelSpace:
    """The label space of data, of how often a label came with a name and a synset: the most frequent ones,
    of equally frequent ones the first in the alphabet. A class without a name is called by its synset.
    """
    names, synsets = {}, {}
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    for (label, name, synset), _ in ranked:
        if name or synset:
            names.setdefault(label, name or synset)
        if synset:
            synsets.setdefault(label, synset)
    labels = range(max((label for label, *_ in found), default=-1) + 1)
    ids = tuple(synsets.get(label, "") for label in labels) if synsets else ()
    return LabelSpace(tuple(names.get(label, "") for label in labels), ids)


def _identities(model: LabelSpace, other: LabelSpace) -> tuple[list[str], list[str]]:
    """What the classes of both are told by, in the order of their labels; empty where unknown."""
    if (
        _has_synsets(model)
        and _has_synsets(other)
        and set(filter(None, model.synsets)) & set(filter(None, other.synsets))
    ):
        return list(model.synsets), list(other.synsets)
    return [_normal(name) for name in model.names], [_normal(name) for name in other.names]


def _has_synsets(space: LabelSpace) -> bool:
    """Whether each class with a name has a synset."""
    return bool(space.synsets) and all(
        synset or not name for name, synset in zip(space.names, space.synsets, strict=True)
    )


def _differs(label: int, own: list[str], theirs: list[str], places: Mapping[str, int]) -> bool:
    """Whether a class of the data is not the model's of that label; of one that the model does not name
    this is taken on trust, unless it is another one of the model's.
    """
    if label < len(own) and not own[label]:
        return theirs[label] in places
    return label >= len(own) or own[label] != theirs[label]


def _first_difference(
    own: list[str], theirs: list[str], differing: list[int], places: Mapping[str, int]
) -> tuple[int, str | None]:
    """A label to name and a remark, None where the classes are the same in another order."""
    strange = [label for label in differing if theirs[label] not in places]
    if strange:
        return strange[0], ""
    counts = [*Counter(own).items(), *Counter(theirs).items()]
    alike = {text for text, count in counts if text and count > 1}
    several = next((text for text in theirs if text in alike), None)
    if several:
        return differing[0], f", and several are called {several!r}, so that the orders cannot be matched"
    return differing[0], None


def _called(space: LabelSpace, label: int) -> str:
    if label >= len(space.names):
        return f"missing (it has {len(space.names)} classes)"
    synset = space.synsets[label] if space.synsets else ""
    name = space.names[label] or "without a name"
    return f"{name!r} ({synset})" if synset and synset != name else repr(name)


def _repeated(names: Collection[str]) -> list[bool]:
    """Whether each name is another's too."""
    normal = [_normal(name) for name in names]
    count = Counter(normal)
    return [count[name] > 1 for name in normal]


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split()))
