"""What `vgg data check` prints: figures first, then what is wrong, with the first names of each kind."""

from collections import Counter
from collections.abc import Iterator, Sequence

from components.checking.check import SIDES, BoxFigures, Check, Fault, Place, Repeated
from components.checking.duplicates import KINDS

MOST = 3
SHORTER_SIDE = SIDES[2]


def lines(check: Check) -> Iterator[tuple[str, str]]:
    """(title, text), in their order."""
    yield "data", f"{check.data}: {check.layout}, {_count(len(check.classes), 'class', 'classes')}"
    for split in check.splits:
        yield split, _split(check, split)
    for split, sides in check.sizes.items():
        spread = sides[SHORTER_SIDE]
        sizes = f"{spread.smallest} to {spread.largest} pixels, 90 % of them {spread.low} to {spread.high}"
        yield "sizes", f"{split}: shorter side {sizes}, median {spread.median}"
    for split, modes in check.colour_modes.items():
        if modes:
            yield "colours", f"{split}: {', '.join(f'{mode} {count}' for mode, count in modes.items())}"
    turned = {split: _turned(of) for split, of in check.orientations.items()}
    if any(turned.values()):
        yield "turned", f"by EXIF: {', '.join(f'{split} {count}' for split, count in turned.items())}"
    for split, of in check.boxes.items():
        yield "boxes", f"{split}: {_boxes(of, check.splits[split].images)}"
    if check.mean_rgb:
        yield "mean RGB", f"{_numbers(check.mean_rgb)} of {check.pixels} training pixels"
        yield "covariance", "; ".join(_numbers(row) for row in check.covariance_rgb)
    yield from (("note", remark) for remark in check.remarks)
    yield from _problems(check)


def _problems(check: Check) -> Iterator[tuple[str, str]]:
    yield from (("folder", line) for line in check.manifest)
    for title, faults, what in (
        ("damaged", check.damaged, "place"),
        ("odd", check.odd, "record"),
        ("undecodable", check.undecodable, "image"),
        ("wrong boxes", check.wrong_boxes, "fault"),
    ):
        if faults:
            of = _kinds(check) if faults is check.wrong_boxes else ""
            yield title, _count(len(faults), what) + of
            yield from (("", fault_line(fault)) for fault in faults[:MOST])
            if len(faults) > MOST:
                yield "", "..."
    for kind in KINDS:
        groups = [one for one in check.repeated if kind in one.kinds]
        if groups:
            yield "repeated", f"{_count(len(groups), 'image')} {kind}: {_first(groups)}"
    if check.whole:
        yield "problems", "none"


def _boxes(of: BoxFigures, images: int) -> str:
    shown = f"{_count(of.boxes, 'box', 'boxes')} in {of.images} of {_count(images, 'image')}"
    return f"{shown}, at most {of.most} in one, {100 * of.area:.1f} % of the image on average"


def _kinds(check: Check) -> str:
    """How many boxes are wrong in which way."""
    kinds = sum((Counter(of.wrong) for of in check.boxes.values()), Counter())
    return f": {', '.join(f'{number} {kind}' for kind, number in sorted(kinds.items()))}"


def fault_line(fault: Fault) -> str:
    """Where, which file, and what is wrong."""
    where = f"{fault.place.shard}, record {fault.place.record}, at byte {fault.place.offset}"
    file = f" ({fault.place.file})" if fault.place.file else ""
    unread = f"; {fault.unread} bytes not read" if fault.unread else ""
    return f"{where}{file}: {fault.what}{unread}"


def _split(check: Check, split: str) -> str:
    one = check.splits[split]
    counts = [count for each in check.classes if (count := getattr(each, split))]
    of = ""
    if counts:
        same = min(counts) == max(counts)
        of = f", {counts[0]} of each class" if same else f", {min(counts)} to {max(counts)} of a class"
    return (
        f"{_count(one.images, 'image')} in {_count(one.shards, 'shard')} of {one.bytes / 1e6:.1f} MB, "
        f"{one.decoded} decode{of}"
    )


def _turned(orientations: dict[int, int]) -> int:
    return sum(count for number, count in orientations.items() if number != 1)


def _first(groups: Sequence[Repeated]) -> str:
    named = [" = ".join(_named(place) for place in one.images[:MOST]) for one in groups[:MOST]]
    return "; ".join(named) + ("; ..." if len(groups) > MOST else "")


def _named(place: Place) -> str:
    return f"{place.file} ({place.split}, class {place.label})"


def _numbers(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def _count(number: int, thing: str, things: str | None = None) -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"
