"""How Beam runs: its own options, as on a command line."""

import shlex

from models.errors import InputError

BEAM_HERE: tuple[str, ...] = ()
"""Beam's own: in this process, one worker, in which TensorFlow's operations use all cores by themselves.

Where there are options, TFX packs itself into an archive for remote workers as each component begins, and
never removes it: 5.6 to 7.1 s on a busy machine, and 49 MB (2026-11-28)."""


BEAM_ON_ALL_CORES = ("--direct_running_mode=multi_processing", "--direct_num_workers=0")
"""In as many processes as there are cores, for work that is Python's."""


def beam_options(text: str, where: str, default: tuple[str, ...] = BEAM_HERE) -> tuple[str, ...]:
    """The options in a text; `default` where there are none.

    Args:
        text: such as "--direct_running_mode=multi_processing --direct_num_workers=0".
        where: begins the line of an error, such as "VGG_BEAM".

    Raises:
        InputError: a word that is no option, or a quote that is not closed.
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
    return words or default
