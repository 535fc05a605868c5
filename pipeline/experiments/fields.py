"""A frozen dataclass with some of its fields changed, by name, as a file or a command line gives them."""

import dataclasses
import difflib
import enum
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from models.errors import InputError

Part = TypeVar("Part")


def changed(part: Part, values: Any, where: str) -> Part:
    """`part` with these fields replaced.

    Args:
        part: a dataclass.
        values: by field; lists for tuples, texts for enums, tables of the changed fields for dataclasses.
        where: begins the line of an error, such as "experiment my.toml: training".

    Raises:
        InputError: a field that there is not, or a value of another kind or out of range.
    """
    if not isinstance(values, Mapping):
        raise InputError(f"{where} = {values!r}; expected a table of fields, [{where.rpartition(' ')[2]}]")
    hints = typing.get_type_hints(type(part))
    check_name(list(values), list(hints), where)
    new = {
        name: changed(getattr(part, name), value, f"{where}.{name}")
        if dataclasses.is_dataclass(hints[name])
        else converted(hints[name], value, f"{where}.{name}")
        for name, value in values.items()
    }
    try:
        return dataclasses.replace(part, **new)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def check_name(names: Sequence[str], known: Sequence[str], where: str) -> None:
    """Raises InputError at the first of `names` that is not known, with the one most like it."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.5)
            meant = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(known)}"
            raise InputError(f"{where}: {name}: unknown; {meant}")


def converted(hint: Any, value: Any, where: str) -> Any:
    """A value as a field of that kind has it: a list as a tuple, a text as an enum's member.

    Raises:
        InputError: it is of another kind; `where` begins the line.
    """
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise _wrong(where, value, f"a list of {_named(typing.get_args(hint)[0])}")
        element = typing.get_args(hint)[0]
        return tuple(converted(element, one, f"{where}[{place}]") for place, one in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return _built(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        if value not in [one.value for one in hint]:
            raise _wrong(where, value, f"one of {', '.join(one.value for one in hint)}")
        return hint(value)
    kinds = [kind for kind in typing.get_args(hint) or (hint,) if kind is not type(None)]
    if float in kinds and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) not in kinds:
        raise _wrong(where, value, " or ".join(map(_named, kinds)))
    return value


def _built(kind: type, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(where, value, "a table")
    hints = typing.get_type_hints(kind)
    check_name(list(value), list(hints), where)
    missing = [
        one.name
        for one in dataclasses.fields(kind)
        if one.default is dataclasses.MISSING and one.name not in value
    ]
    if missing:
        raise InputError(f"{where}: {missing[0]} is missing; expected a value of it")
    return kind(**{name: converted(hints[name], one, f"{where}.{name}") for name, one in value.items()})


def _wrong(where: str, value: Any, expected: str) -> InputError:
    return InputError(f"{where} = {value!r}; expected {expected}")


def _named(kind: type) -> str:
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
    return names.get(kind, kind.__name__)
