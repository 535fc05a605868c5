"""`vgg predict` in this process."""

import pytest

from pipeline.commands.vgg import main


def run(arguments, capsys) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in ["predict", *arguments]])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err
