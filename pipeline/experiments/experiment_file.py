"""Experiments as files: a base experiment's name and the fields that differ, in TOML.

    base = "flowers"
    [net]
    classes = 12
    [training]
    batch = 32

The words are those of components/recipe.py and models/net.py. What comes out is an Experiment like any other:
the same values are the same configuration, and so the same key of the cache, wherever they were written.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli

from components.localisation.box_recipe import Localisation
from components.recipe import Evaluation, Training
from models.errors import InputError, cause_of
from models.net import Net
from pipeline.experiments.catalogue import EXPERIMENTS, experiment, merged_with
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.fields import changed, check_name

SUFFIX = ".toml"
SECTIONS = {"net": Net, "training": Training, "evaluation": Evaluation, "localisation": Localisation}
OWN = ("base", "name", "summary", "most_undecodable")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.=-]*")


def read_experiment(path: str) -> Experiment:
    """The file's experiment.

    Raises:
        InputError: the file cannot be read, or does not say an experiment.
    """
    content, where = read_content(path), f"experiment {path}"
    base = experiment(_text(content, "base", where))
    name = _text(content, "name", where, Path(path).stem)
    return _derived(base, content, name, where)


def read_content(path: str) -> dict[str, Any]:
    """What the file says, by its own words.

    Raises:
        InputError: the file cannot be read, or has a word that no experiment has.
    """
    try:
        content = tomli.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise InputError(
            f"experiment {path}: cannot be read ({cause_of(error)}); expected a file of TOML; "
            "`vgg experiments show NAME` prints one"
        ) from None
    check_name(list(content), [*OWN, *SECTIONS], f"experiment {path}")
    return content


def with_settings(base: Experiment, settings: Sequence[str]) -> Experiment:
    """`base` with fields set as on a command line, `training.batch=32`; its name says which.

    Raises:
        InputError: a setting is none, or names no field.
    """
    name = "-".join([base.name, *(_short(setting) for setting in settings)])
    return _derived(base, content_of(settings), name, "setting " + " ".join(settings))


def content_of(settings: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Fields set as on a command line, as a file says them: by section, table in it if any, and field.

    Raises:
        InputError: a setting is none, or its section is none.
    """
    content: dict[str, dict[str, Any]] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, dot, _ = key.strip().partition(".")
        if not equals or not dot:
            raise InputError(f"setting {setting!r}: expected SECTION.FIELD=VALUE, such as training.batch=32")
        check_name([section], list(SECTIONS), f"setting {setting!r}")
        *tables, field = key.strip().split(".")
        there: Any = content
        for table in tables:
            there = there.setdefault(table, {})
            if not isinstance(there, dict):
                raise InputError(f"setting {setting!r}: {table} is set to a value, too; expected a table")
        there[field] = _value(text.strip())
    return content


def as_toml(content: Mapping[str, Any]) -> str:
    """What a file says, as its text: what is no section first."""
    lines = [f"{key} = {_written(value)}" for key, value in content.items() if key not in SECTIONS]
    for section in SECTIONS:
        if content.get(section):
            lines += ["", f"[{section}]"]
            lines += [f"{key} = {_written(value)}" for key, value in content[section].items()]
    return "\n".join(lines) + "\n"


def check_own_name(name: str, where: str) -> None:
    """Raises InputError where an experiment of one's own cannot be called so; `where` begins the line."""
    if not NAME.fullmatch(name) or name in EXPERIMENTS:
        why = "is one of the built-in experiments'" if name in EXPERIMENTS else "cannot name files"
        raise InputError(f"{where}: name {name!r} {why}; expected letters, digits, - and _ that are its own")


def to_toml(entry: Experiment) -> str:
    """A file of this experiment with all of its fields; those that Net, Training and Evaluation do not have,
    such as the row of the paper, come from its base. The number of classes is a comment unless the experiment
    fixes it."""
    lines = [f"base = {_written(entry.name)}", f"name = {_written(f'my-{entry.name}')}"]
    lines.append(f"most_undecodable = {_written(entry.most_undecodable)}")
    for section, part in (
        ("net", entry.config.net),
        ("training", entry.config.training),
        ("evaluation", entry.evaluation),
    ):
        values = json.loads(json.dumps(dataclasses.asdict(part)))
        tables = values.pop("thresholds", [])
        lines += ["", f"[{section}]", *_lines(values, entry)]
        for table in tables:
            lines += ["", f"[[{section}.thresholds]]"]
            lines += [f"{key} = {_written(value)}" for key, value in table.items() if value is not None]
    if entry.localisation:
        lines += _localisation(entry.localisation)
    return "\n".join(lines) + "\n"


def _localisation(part: Localisation) -> Iterator[str]:
    values = json.loads(json.dumps(dataclasses.asdict(part)))
    tables = {key: values.pop(key) for key in ("training", "evaluation")}
    for name, fields in {"": values, **tables}.items():
        yield from ("", f"[localisation.{name}]" if name else "[localisation]")
        yield from (f"{key} = {_written(value)}" for key, value in fields.items())


def _lines(values: Mapping[str, Any], entry: Experiment) -> Iterator[str]:
    for key, value in values.items():
        if key == "classes" and not entry.fixes_classes:
            yield "# classes = as many as the data have; a number here fixes it"
        else:
            yield f"{key} = {_written(value)}"


def _derived(base: Experiment, content: Mapping, name: str, where: str) -> Experiment:
    check_own_name(name, where)
    parts = {section: content.get(section, {}) for section in SECTIONS}
    net = changed(base.config.net, parts["net"], f"{where}: net")
    training = changed(base.config.training, parts["training"], f"{where}: training")
    try:
        config = dataclasses.replace(base.config, net=net, training=training)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    made = dataclasses.replace(
        base,
        name=name,
        summary=_text(content, "summary", where, f"{base.name}, changed"),
        config=config,
        evaluation=changed(base.evaluation, parts["evaluation"], f"{where}: evaluation"),
        weights=base.weights if config == base.config else name,
        paper=None,
        fixes_classes=base.fixes_classes or "classes" in parts["net"],
        localisation=_localised(base, parts["localisation"], where),
        **_share(base, content, where),
    )
    merged_with(made, EXPERIMENTS)  # whether there is such an experiment
    return made


def _localised(base: Experiment, values: Any, where: str) -> Localisation | None:
    if not values or base.localisation:
        return changed(base.localisation, values, f"{where}: localisation") if values else base.localisation
    known = ", ".join(name for name, entry in EXPERIMENTS.items() if entry.localisation)
    raise InputError(
        f"{where}: localisation: {base.name} has no box net; expected a base that localises: {known}"
    )


def _share(base: Experiment, content: Mapping, where: str) -> dict[str, float]:
    """most_undecodable, where the file has it."""
    if "most_undecodable" not in content:
        return {}
    value = content["most_undecodable"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{where}: most_undecodable = {value!r}; expected a share, 0 to 1")
    return {"most_undecodable": float(value)}


def _text(content: Mapping, key: str, where: str, otherwise: str | None = None) -> str:
    value = content.get(key, otherwise)
    if not isinstance(value, str):
        said = "is missing" if value is None else f"is {value!r}"
        raise InputError(f'{where}: {key} {said}; expected a text, such as {key} = "flowers"')
    return value


def _value(text: str) -> Any:
    """As TOML has it; what is none is a text."""
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return text


def _short(setting: str) -> str:
    field = setting.partition(".")[2]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", field.replace("=", "-").replace(" ", "")).strip("_")


def _written(value: Any) -> str:
    """JSON's texts, numbers and truths are TOML's too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_written(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value)
