"""What `vgg data` says of a data set that it made: short lines, each with a few names of what it counts."""

import time
from collections.abc import Iterable, Iterator, Mapping

import click

from components.datasets.class_names import differing_only_in_case, spelled
from components.datasets.manifest import LARGE, MANIFEST, Account, BoxAccount, DataSet
from components.datasets.repeated import IN_BOTH_SPLITS, IN_ONE_CLASS, IN_TWO_CLASSES
from pipeline.commands.data_screen import Screen, printable

MOST_NAMES = 10
MOST_FILES = 3


def summarise(made: DataSet, watcher: Screen) -> None:
    """On standard output."""
    if made.already_there:
        click.echo("already there: the same data set, left untouched")
    _line("folder", str(made.folder))
    for name, report in made.splits.items():
        boxes = f", {report.with_boxes} of them with boxes" if report.with_boxes else ""
        _line(name, f"{_count(report.images, 'image')} in {_count(len(report.shards), 'shard')}{boxes}")
    names = [one.text for one in made.categories]
    _line("classes", f"{len(names)}: {_first(names, MOST_NAMES)}")
    _line("size", f"{made.bytes / 1e6:.1f} MB")
    _changed(made)
    _unreadable(made.account)
    _repeated(made.account, made.parameters.get("keep_repeated", False))
    if made.account.boxes:
        _line("boxes", f"PASCAL VOC's XML, read {_where(made.account.boxes.read)}")
        for line in _annotations(made.account.boxes):
            _line("", line)
    _how_it_was_read(made.account)
    _remarks(made)
    _line("time", f"{time.monotonic() - watcher.begin:.1f} s")


def _changed(made: DataSet) -> None:
    number = sum(len(report.changed) for report in made.splits.values())
    if number:
        _line("changed", f"{_count(number, 'file')}, listed with the reasons in {MANIFEST}")


def _unreadable(account: Account) -> None:
    if account.unreadable:
        _line(
            "unreadable", f"{_count(len(account.unreadable), 'file')}, listed with the reasons in {MANIFEST}"
        )
        mendable = [one["file"] for one in account.unreadable if one["mendable"]]
        if mendable:
            what = "it" if len(account.unreadable) == 1 else f"{len(mendable)} of them"
            _line("", f"--re-encode and a new --out mend {what}: {_first(mendable)}")


def _repeated(account: Account, kept: bool) -> None:
    for kind, what in {
        IN_ONE_CLASS: "in one class twice, kept once",
        IN_TWO_CLASSES: "in two classes, left out of both",
        IN_BOTH_SPLITS: "in both splits, left out of training",
    }.items():
        if kept:
            what = what.partition(",")[0] + ", stored all the same"
        files = [one["file"] for one in account.repeated if one["kind"] == kind]
        if files:
            _line("repeated", f"{_count(len(files), 'photograph')} {what}: {_first(files)}")


def _where(read: str) -> str:
    return f"from {read}" if read.endswith("/") else read


def _annotations(of: BoxAccount) -> Iterator[str]:
    """What was not as it should be."""
    if of.not_read:
        yield f"not read: {_count(len(of.not_read), 'file')} in folders: {_first(of.not_read)}"
    if of.without:
        yield f"without an annotation: {_count(len(of.without), 'photograph')}: {_first(of.without)}"
    if of.spare:
        yield f"of no photograph, or of several: {_count(len(of.spare), 'file')}: {_first(of.spare)}"
    for what, faults in (("annotation", of.wrong), ("wrong box", of.wrong_boxes)):
        if faults:
            number = f"{len(faults)} {what}{'' if len(faults) == 1 else 'es' if what.endswith('x') else 's'}"
            left_out = " not used" if faults is of.wrong else ""
            yield f"{number}{left_out}, listed with the reasons in {MANIFEST}:"
            yield from (f"{one['file']}: {one['reason']}" for one in faults[:MOST_FILES])
    if of.unknown:
        objects = _count(sum(of.unknown.values()), "object")
        yield f"left out: {objects} of no class of the data: {_first(sorted(of.unknown), MOST_NAMES)}"
    if of.without_own:
        number = _count(len(of.without_own), "photograph")
        yield f"no object of their class: {number}: {_first(of.without_own)}"
    for how, number in sorted(of.turned.items()):
        yield f"{_count(number, 'photograph')} that EXIF turns: boxes taken {how}, by the annotation's size"


def _how_it_was_read(account: Account) -> None:
    folders = account.split_folders
    if folders:
        _line("read from", f"{folders['train']}/ to train, {folders['validation']}/ to validate")
    if account.nested:
        _line("nested", f"{_images_in(account.nested)}: taken as the class folder's own")
    if account.outside:
        _line("not read", f"{_images_in(account.outside)}: no class folders")
    if account.leftovers:
        _line("passed over", f"{_images_in(account.leftovers)}: hidden, or another program's")
    if account.other_files:
        suffixes = _first(account.other_files, MOST_NAMES)
        _line("passed over", f"{_count(sum(account.other_files.values()), 'file')} by suffix: {suffixes}")


def _remarks(made: DataSet) -> None:
    if made.account.large:
        large = _count(made.account.large, "photograph")
        _line("note", f"{large} with a shorter side of more than {LARGE} pixels, and no experiment looks at")
        _line("", "more than 512: --shorter-side 512 and a new --out store them that small")
    for name, written in list(made.account.class_folders.items())[:MOST_FILES]:
        folder = "folder" if len(written) == 1 else "folders"
        _line("note", f"class {name!r} is the {folder} {' and '.join(map(spelled, written))}")
    for group in differing_only_in_case(one.synset for one in made.categories)[:MOST_FILES]:
        _line("note", f"classes {' and '.join(map(repr, group))} differ only in case")
    train, validation = (made.splits[name].per_class for name in ("train", "validation"))
    names = [one.text for one in made.categories if train.get(one.synset) and not validation.get(one.synset)]
    if names:
        classes = "1 class" if len(names) == 1 else f"{len(names)} classes"
        _line(
            "note", f"no validation image of {classes}: {_first(names, MOST_NAMES)}; add images to have one"
        )


def _line(title: str, text: str) -> None:
    click.echo(f"{title:<11} {printable(text)}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _images_in(folders: Mapping[str, int]) -> str:
    """How many, and in which folders most of them are."""
    most = sorted(folders, key=lambda name: (-folders[name], name))
    most = ["SRC itself" if name == "." else name for name in most]
    return f"{_count(sum(folders.values()), 'image')} in {_first(most)}"


def _first(names: Iterable[str], most: int = MOST_FILES) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
