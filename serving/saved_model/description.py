"""assets.extra/vgg.json of an exported model: which network it is and what surrounds it."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Collection

from models.errors import InputError
from models.literal_paths import check_literal
from models.net import Net
from models.quiet_imports import quiet_imports
from serving.saved_model.head import Head

LOCALISATION = "localisation"
WEIGHTS_INDEX = os.path.join("variables", "variables.index")
DESCRIPTION = os.path.join("assets.extra", "vgg.json")


def describe(source: str) -> tuple[Net, Head]:
    """The network and head of an exported SavedModel.

    Raises:
        InputError: `source` is no SavedModel of this project, or its path is a pattern for TensorFlow, which
            would read other weights or none.
    """
    check_literal("model", source)
    values = json.loads(_read(source))
    head = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values["head"].items()
    }
    return Net(**values["net"]), Head(**head)


def fingerprint(source: str) -> str:
    """Of the network, its weights and its head: another model in the same folder has another one.

    The index of the variables holds a checksum of each of them, so that hundreds of MB are not read.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    return hashlib.sha256(_content(source, DESCRIPTION) + _content(source, WEIGHTS_INDEX)).hexdigest()


def experiment_of(source: str) -> str:
    """Name of the experiment that an exported SavedModel was exported for, "" where that is not known.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    return json.loads(_read(source)).get("experiment", "")


@dataclasses.dataclass(frozen=True)
class ServedBoxNet:
    """A box net of an exported model that localises (appendix A).

    Attributes:
        regression: models.localisation.regression.Regression's value.
        trained_at: S that it was trained at, pixels.
        shorter_sides: the Q that it looks at images at.
    """

    regression: str
    trained_at: int
    shorter_sides: tuple[int, ...]


def box_nets_of(source: str) -> tuple[ServedBoxNet, ...]:
    """The box nets of an exported SavedModel; none where it does not localise.

    Raises:
        InputError: `source` is no SavedModel of this project.
    """
    return tuple(
        ServedBoxNet(each["regression"], each["trained_at"], tuple(each["shorter_sides"]))
        for each in json.loads(_read(source)).get(LOCALISATION, ())
    )


def localises(source: str) -> bool:
    """Whether SavedModel `source` says that it localises; False where it is none of this project."""
    try:
        return bool(box_nets_of(source))
    except (InputError, ValueError, AttributeError, KeyError, TypeError):  # another's file of that name
        return False


def description(
    net: Net,
    head: Head,
    row_by_row: Collection[str],
    experiment: str = "",
    box_nets: Collection[ServedBoxNet] = (),
) -> str:
    """The file's text; `row_by_row` are the signatures whose answer for a row depends on that row alone."""
    values = {"net": dataclasses.asdict(net), "head": dataclasses.asdict(head)}
    if experiment:
        values["experiment"] = experiment
    if box_nets:
        values[LOCALISATION] = [dataclasses.asdict(each) for each in box_nets]
    return json.dumps({**values, "row_by_row": sorted(row_by_row)}, indent=2)


def row_by_row(source: str) -> frozenset[str]:
    """The signatures of which SavedModel `source` says so; none where it is no SavedModel of this project."""
    try:
        return frozenset(json.loads(_read(source)).get("row_by_row", ()))
    except (InputError, ValueError, AttributeError):  # another project's file of that name
        return frozenset()


def _read(source: str) -> str:
    return _content(source, DESCRIPTION).decode()


def _content(source: str, part: str) -> bytes:
    """TensorFlow is imported for other file systems, such as gs://, alone: it takes seconds."""
    path = os.path.join(source, part)
    if "://" in source:
        return _content_elsewhere(source, part, path)
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        raise _is_none(source, part) from None
    except OSError as error:
        raise _unreadable(source, part, error.strerror) from None


def _content_elsewhere(source: str, part: str, path: str) -> bytes:
    with quiet_imports():
        import tensorflow as tf

    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return file.read()
    except tf.errors.NotFoundError:
        raise _is_none(source, part) from None
    except tf.errors.OpError as error:
        raise _unreadable(source, part, error.message.partition("\n")[0]) from None


def _is_none(source: str, part: str) -> InputError:
    return InputError(
        f"model {source}: no {part} in it; expected the folder of a model that this project "
        "exported, such as $VGG_HOME/serving/vgg/VERSION"
    )


def _unreadable(source: str, part: str, why: str) -> InputError:
    return InputError(f"model {source}: {part} cannot be read ({why}); expected a folder that can be")
