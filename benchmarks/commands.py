"""What each command costs before it computes anything, against `import tensorflow`.

    python -m benchmarks.commands

Each round starts every command once, as a process of its own and one after another, so that a busy machine
slows all alike. The figure is processor time, user's and system's, of the process and its children; the
median of the rounds is printed, and its ratio to that of `python -c "import tensorflow"`.

To reach: at most 1 s for each of these commands, none of which computes anything.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine
from pipeline.commands.vgg import vgg

MOST_SECONDS = 1.0
BIN = Path(sys.executable).parent
TENSORFLOW = 'python -c "import tensorflow"'


@click.command(help=__doc__.partition("\n")[0])
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(min=1))
def main(rounds: int) -> None:
    click.echo(machine("tensorflow", "click", "rich"))
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder))
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, (arguments, status) in commands.items():
                times[name].append(_processor_time(arguments, status, Path(folder)))
    _print({name: statistics.median(each) for name, each in times.items()}, rounds)


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


def _processor_time(arguments: list[str], status: int, folder: Path) -> float:
    """Seconds of user's and system's time; what the command prints is dropped."""
    variables = {
        "VGG_HOME": str(folder),
        "VGG_DATA": str(folder / "nowhere"),
        "LOCAL_HOME": str(folder / "tfx"),
    }
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
    return used.ru_utime + used.ru_stime


def _print(medians: dict[str, float], rounds: int) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("command", overflow="fold")
    for name in ("processor s", "of TensorFlow's"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, seconds in medians.items():
        table.add_row(name, f"{seconds:.2f}", f"{seconds / medians[TENSORFLOW]:.3f}")
    console = Console(width=100)
    console.print(table, highlight=False)
    longest = max(seconds for name, seconds in medians.items() if name != TENSORFLOW)
    verdict = "reached" if longest <= MOST_SECONDS else "not reached"
    console.print(
        f"median of {rounds} rounds; the longest: {longest:.2f} s, at most {MOST_SECONDS:g} s: {verdict}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
