"""How Beam runs: its own options, as on a command line."""

import shlex
from collections.abc import Sequence

from models.errors import InputError

BEAM_HERE: tuple[str, ...] = ()
"""Beam's own: in this process, one worker, in which TensorFlow's operations use all cores by themselves."""

BEAM_ON_ALL_CORES = ("--direct_running_mode=multi_processing", "--direct_num_workers=0")
"""In as many processes as there are cores, for work that is Python's."""

PACKAGES = ("extra_package", "setup_file", "requirements_file", "container_image")
"""Parts of the names of options that say what workers run."""

NO_PACKAGE = "--sdk_container_image=none"
"""Where there are options and none of PACKAGES, TFX packs itself into an archive for remote workers as each
component begins, and never removes it: 5.6 to 7.1 s on a busy machine, and 49 MB (2026-11-28). Workers that
are there already, with all packages, use no image, so naming one only says that there is nothing to pack."""

WORKERS_ARE_THERE = ("loopback", "external", "process")
"""Values of --environment_type."""


def beam_options(text: str, where: str, default: tuple[str, ...] = BEAM_HERE) -> tuple[str, ...]:
    """The options in a text; `default` where there are none.

    Args:
        text: such as "--direct_running_mode=multi_processing --direct_num_workers=0".
        where: begins the line of an error, such as "VGG_BEAM".

    Raises:
        InputError: a word that is no option, a quote that is not closed, or a runner that loses output.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise InputError(f"{where}={text}: {error}; expected options of Beam; close the quote") from None
    odd = next((word for word in words if not word.startswith("--")), None)
    if odd is not None:
        raise InputError(
            f"{where}={text}: {odd} is no option; expected each with its value behind a =, such as "
            "--direct_running_mode=multi_processing --direct_num_workers=0"
        )
    if "dask" in runner_of(words).lower():
        raise InputError(
            f"{where}={text}: DaskRunner leaves out outputs and reports success; expected DirectRunner, "
            "DataflowRunner, FlinkRunner, SparkRunner or PortableRunner; see docs/clusters.md"
        )
    return words or default


def runner_of(options: Sequence[str]) -> str:
    """As it is named, "" where it is not."""
    named = [word.partition("=")[2] for word in options if word.startswith("--runner=")]
    return named[-1] if named else ""


def _uses_no_image(options: Sequence[str]) -> bool:
    kinds = [word.partition("=")[2].lower() for word in options if word.startswith("--environment_type=")]
    local = runner_of(options).lower().removesuffix("runner") in ("", "direct", "switchingdirect")
    return local or bool(kinds) and kinds[-1] in WORKERS_ARE_THERE


def for_tfx(options: Sequence[str]) -> list[str]:
    """What TFX's components are given."""
    names = [word.partition("=")[0] for word in options]
    packed = any(part in name for part in PACKAGES for name in names)
    return [*options, NO_PACKAGE] if options and not packed and _uses_no_image(options) else list(options)
