"""What each command costs before it computes anything, against `import tensorflow`.

    python -m benchmarks.commands

Each round starts every command once, as a process of its own and one after another. Processor time is user's
and system's, of the process and its children.

To reach: at most 1 s for each of these commands, none of which computes anything.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import (
    MISSED,
    PROCESSOR,
    REACHED,
    UNDECIDED,
    Sample,
    as_long,
    fastest,
    in_rounds,
    median,
)
from pipeline.commands.vgg import vgg

MOST_SECONDS = 1.0
BIN = Path(sys.executable).parent
TENSORFLOW = 'python -c "import tensorflow"'


@click.command(help=__doc__.partition("\n")[0])
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
@JSON_OPTION
def main(rounds: int, json_file: Path | None) -> None:
    with (
        reporting("commands", json_file, "click", "rich", rounds=rounds) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        calls = {
            name: lambda number, words=words, status=status: _started(words, status, Path(folder))
            for name, (words, status) in _commands(Path(folder)).items()
        }
        found = in_rounds(calls, rounds, warming_up=0, after_each=report.progress)
        report.rounds(found, "start")
        longest = max(
            (name for name in found if name != TENSORFLOW), key=lambda name: median(found[name], PROCESSOR)
        )
        seconds = {by.__name__: by(found[longest], PROCESSOR) for by in (fastest, median)}
        within = [value <= MOST_SECONDS for value in seconds.values()]
        verdict = REACHED if all(within) else UNDECIDED if any(within) else MISSED
        report.note(
            f"the longest: {longest}, {seconds['fastest']:.2f} s of processor time, median "
            f"{seconds['median']:.2f}; wanted: at most {MOST_SECONDS:g} s: {verdict}"
        )
        report.compare(as_long(found, longest, TENSORFLOW))


def _commands(folder: Path) -> dict[str, tuple[list[str], int]]:
    """The words of each command and the exit status it must have, by the line that a user would type."""
    nowhere, home = str(folder / "nowhere"), str(folder)
    ours = {
        **{f"vgg {line}": 0 for line in ("--help", "--version", "nets", "experiments")},
        **{f"vgg {line} --help": 0 for line in _names(vgg)},
        "vgg run --experiment nope": 2,
        f"vgg run --data {nowhere}": 2,
        "tfx run create --pipeline vgg": 2,  # VGG_DATA is not there
        f"vgg data folders {nowhere} --out {nowhere}/out": 2,
        f"vgg predict --home {home} photograph.jpg": 2,
        f"vgg push {nowhere}": 2,
        f"vgg report --home {home}": 2,
        f"vgg evaluate --model {nowhere} --data {nowhere}": 2,
        f"vgg serve --fail_if_no_model_versions_found --model_base_path {nowhere}": 2,
    }
    found = {TENSORFLOW: ([sys.executable, "-c", "import tensorflow"], 0)}
    for line, status in ours.items():
        program, *words = line.split()
        found[line.replace(nowhere, "nowhere").replace(home, ".")] = ([str(BIN / program), *words], status)
    return found


def _names(group: click.Group, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        found.append(f"{before}{name}")
        if isinstance(command, click.Group):
            found += _names(command, f"{before}{name} ")
    return found


def _started(arguments: list[str], status: int, folder: Path) -> Sample:
    """One process; what the command prints is dropped."""
    variables = {
        "VGG_HOME": str(folder),
        "VGG_DATA": str(folder / "nowhere"),
        "LOCAL_HOME": str(folder / "tfx"),
    }
    begin = time.perf_counter()
    with subprocess.Popen(
        arguments,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        _, ended, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
    if process.returncode != status:
        raise click.ClickException(f"{' '.join(arguments)}: status {process.returncode}, expected {status}")
    return Sample(time.perf_counter() - begin, used.ru_utime + used.ru_stime)


if __name__ == "__main__":
    main()
