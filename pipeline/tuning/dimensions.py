"""Which fields a tuning tries and within which bounds: sensible ones of an experiment, or as --tune says.

training.batch                           within the bounds that are sensible for the experiment
training.batch=16,32,64                  these values
training.learning_rate=1e-4..1e-2        any from one to the other
"""

import itertools
import math
import typing
from collections.abc import Sequence
from typing import Any

import tomli

from components.recipe import TrainerConfig, Training
from components.tuning.space import Dimension, Value, values_of, with_values
from models.architectures import BLOCK_CHANNELS
from models.errors import InputError
from models.net import Net
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.fields import check_name, converted

RATE, BATCH, WIDTH, LARGEST_SIDE = (
    "training.learning_rate",
    "training.batch",
    "net.width",
    "training.largest_side",
)
USUAL = (RATE, BATCH, WIDTH, LARGEST_SIDE)
"""The fields that are tried where none is named."""

SECTIONS = {"net": Net, "training": Training}
LOGARITHMIC = ("learning_rate", "l2", "last_layer_rate")
NOT_TRIED = {
    "net.classes": "the data say it",
    "training.seed": "the best of several seeds is luck, and not a setting",
    "training.trained_layers": "an SVM is trained otherwise; try each with --set",
    "training.new_last_layer": "it follows from the classes of the model to start from",
}
LOWER_RATE, HIGHER_RATE = 0.1, 4.0
"""Times the experiment's. A rate that is too high shows at once, one that is too low at the end."""


def dimensions(experiment: Experiment, named: Sequence[str], *, has_base: bool) -> tuple[Dimension, ...]:
    """Those of --tune's words, or the usual ones.

    Args:
        experiment: as it is trained on the data.
        named: FIELD, FIELD=VALUE,VALUE or FIELD=LOW..HIGH; none for the usual ones.
        has_base: whether its training starts from another net, whose shape it then has.

    Raises:
        InputError: no such field, values that it cannot have, or bounds that do not go together.
    """
    fields = [word.partition("=")[0].strip() for word in named]
    if len(set(fields)) < len(fields):
        raise InputError(f"--tune {max(fields, key=fields.count)}: is named twice; expected each field once")
    usual = [field for field in USUAL if not (has_base and field.startswith("net."))]
    found = tuple(_named(word, experiment, has_base) for word in named or usual)
    _check_together(experiment, found)
    return found


def _named(word: str, experiment: Experiment, has_base: bool) -> Dimension:
    field, equals, text = (part.strip() for part in word.partition("="))
    where = f"--tune {word}"
    section, dot, name = field.partition(".")
    if not dot:
        raise InputError(f"{where}: expected SECTION.FIELD, such as {BATCH}=16,32")
    check_name([section], list(SECTIONS), where)
    hints = typing.get_type_hints(SECTIONS[section])
    check_name([name], list(hints), f"{where}: {section}")
    if field in NOT_TRIED:
        raise InputError(f"{where}: is not tried: {NOT_TRIED[field]}")
    if section == "net" and has_base:
        raise InputError(f"{where}: the net has the shape of the model to start from; expected a training.*")
    if not equals:
        return _usual(field, experiment.config, where)
    if typing.get_origin(hints[name]) is tuple:
        raise InputError(f"{where}: is a list; expected a field of one value")
    if ".." in text:
        return _range(field, [_value(hints[name], one, where) for one in text.split("..")], where)
    return Dimension(field, tuple(dict.fromkeys(_value(hints[name], one, where) for one in text.split(","))))


def _usual(field: str, config: TrainerConfig, where: str) -> Dimension:
    """Around what the experiment has."""
    training = config.training
    if field == RATE:
        low, high = (float(f"{times * training.learning_rate:.3g}") for times in (LOWER_RATE, HIGHER_RATE))
        return Dimension(field, low=low, high=high, logarithmic=True)
    if field == BATCH:
        return Dimension(field, _sorted(max(1, training.batch // 2), training.batch, 2 * training.batch))
    if field == WIDTH:
        width, most = config.net.width, BLOCK_CHANNELS[0]
        return Dimension(field, _sorted(max(1, width // 2), width, min(most, 2 * width)))
    if field == LARGEST_SIDE:
        smallest = training.smallest_side
        return Dimension(field, _sorted(smallest, training.largest_side, round(1.5 * smallest), 2 * smallest))
    raise InputError(f"{where}: has no usual bounds; expected {field}=VALUE,VALUE or {field}=LOW..HIGH")


def _sorted(*values: int) -> tuple[int, ...]:
    return tuple(sorted(set(values)))


def _value(hint: Any, text: str, where: str) -> Value:
    """As the field has it."""
    try:
        value = tomli.loads(f"value = {text.strip()}")["value"]
    except tomli.TOMLDecodeError:
        value = text.strip()
    found = converted(hint, value, where)
    return getattr(found, "value", found)  # of an enum the text


def _range(field: str, ends: Sequence[Value], where: str) -> Dimension:
    name = field.partition(".")[2]
    numbers = [one for one in ends if isinstance(one, int | float) and not isinstance(one, bool)]
    logarithmic = name in LOGARITHMIC
    if len(ends) != 2 or len(numbers) != 2 or not ends[0] < ends[1] or (logarithmic and ends[0] <= 0):
        more = " above 0" if logarithmic else ""
        raise InputError(f"{where}: expected LOW..HIGH, two numbers{more}, the lower one first")
    low, high = ends
    return Dimension(field, (), low, high, logarithmic, whole=all(isinstance(one, int) for one in ends))


def _check_together(experiment: Experiment, found: Sequence[Dimension]) -> None:
    """Raises InputError where a value cannot be had, or the ends of two ranges cannot be had together."""
    ends = [one.ends for one in found]
    singly = (
        [*(end[0] for end in ends[:place]), value, *(end[0] for end in ends[place + 1 :])]
        for place, one in enumerate(found)
        for value in one.values
    )
    for values in itertools.chain(singly, itertools.product(*ends)):
        chosen = {one.field: value for one, value in zip(found, values, strict=True)}
        try:
            with_values(experiment.config, chosen)
        except InputError as error:
            said = ", ".join(f"{field} = {value}" for field, value in chosen.items())
            raise InputError(f"--tune: with {said}: {error}; choose other values") from None


def lines(found: Sequence[Dimension], config: TrainerConfig) -> list[str]:
    """One for each field: its values, and the experiment's."""
    own = values_of(config, tuple(found))
    longest = max(len(one.field) for one in found)
    return [f"{one.field:<{longest}}  {_said(one)}; the experiment has {own[one.field]}" for one in found]


def _said(one: Dimension) -> str:
    if one.values:
        return ", ".join(map(str, one.values))
    return f"{one.low} to {one.high}" + (", logarithmically" if one.logarithmic else "")


def combinations(found: Sequence[Dimension]) -> float:
    """How many different trials there are; infinite where a field has any value of a range."""
    counts = (
        len(one.values) if one.values else one.high - one.low + 1 if one.whole else math.inf for one in found
    )
    return math.prod(counts)
