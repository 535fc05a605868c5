"""What classes are called: folders' names, or a list's, as one line of text in Unicode's normal form NFC.

The same name may be written in several ways: macOS writes an accent behind its letter (NFD), Linux keeps what
it is given. A name with a line break would not survive a file that has one class a line.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path

from components.datasets.manifest import Category
from models.errors import InputError

CONTROL = ("Cc", "Zl", "Zp")
"""Unicode's categories of line breaks, tabs and other control characters."""


def class_name(written: str) -> str:
    """In NFC, with one space in the place of any white space and control characters; may be empty."""
    visible = "".join(" " if unicodedata.category(one) in CONTROL else one for one in written)
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def unlike(classes: dict[str, set[str]]) -> dict[str, list[str]]:
    """Of the classes that are not called exactly as their folders, the folders' names."""
    return {name: sorted(written) for name, written in sorted(classes.items()) if written != {name}}


def spelled(written: str) -> str:
    """A folder's name with what does not show: control characters escaped, and which normal form it is in."""
    name = repr(written)
    if unicodedata.is_normalized("NFC", written):
        return name
    return f"{name} (NFD)" if unicodedata.is_normalized("NFD", written) else f"{name} (not NFC)"


def categories_of(names: Collection[str], class_list: Path | None) -> list[Category]:
    """The classes in label order: the list's, or else the folders' in alphabetical order.

    Args:
        names: the folders', as `class_name` gives them.
        class_list: lines SYNSET<TAB>NAME or NAME; None: there is no list.

    Raises:
        InputError: the list cannot be used, or there is a folder that it does not name; without a list, two
            names differ only in case.
    """
    if class_list is None:
        if len(names) < 2:
            raise InputError(
                f"{len(names)} class folder; expected at least 2; add a folder per class, or name the one in "
                "a --class-list where there is no other"
            )
        _check_case(names)
        return [Category(synset=name, text=name) for name in sorted(names)]
    categories = read_class_list(class_list)
    listed = {category.synset for category in categories}
    unknown = sorted(set(names) - listed)
    if unknown:
        alike = [name for name in sorted(listed) if name.casefold() == unknown[0].casefold()]
        remark = f", one of them {alike[0]!r}, which differs only in case" if alike else ""
        raise InputError(
            f"folder {unknown[0]!r}: not in {class_list}, which names {len(categories)} classes{remark}; "
            "expected folders named as its first column; rename the folder or add a line"
        )
    return categories


def differing_only_in_case(names: Iterable[str]) -> list[list[str]]:
    """Groups of two and more."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(class_name(name.casefold()), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _check_case(names: Collection[str]) -> None:
    """One class written in two ways, or two classes: a list can tell."""
    groups = differing_only_in_case(names)
    if groups:
        others = f" (as do {len(groups) - 1} more)" if len(groups) > 1 else ""
        raise InputError(
            f"class folders {' and '.join(map(repr, groups[0]))}: differ only in case{others}; expected "
            "names that do not; rename them alike where they are one class, or name each in a --class-list "
            "where they are two"
        )


def read_class_list(path: Path) -> list[Category]:
    """The classes of a file of lines SYNSET<TAB>NAME or NAME, in its order.

    Raises:
        InputError: it cannot be read, is empty, or a class is there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise InputError(
            f"{path}: {reason}; expected lines of SYNSET<TAB>NAME or NAME; name another --class-list"
        ) from error
    columns = [[class_name(column) for column in line.split("\t")] for line in lines]
    names = Counter(row[0] for row in columns)
    for number, row in enumerate(columns, start=1):
        if not row[0] or names[row[0]] > 1:
            problem = f"{row[0]!r} is there twice" if row[0] else "is empty"
            raise InputError(f"{path}: line {number}: {problem}; expected one class a line; correct the list")
    if not columns:
        raise InputError(f"{path}: is empty; expected one class a line; correct the list")
    return [Category(synset=row[0], text=row[1] if len(row) > 1 and row[1] else row[0]) for row in columns]
