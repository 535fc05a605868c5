"""What the pipeline itself costs: each component's time in a run beside the time of its work.

    python -m benchmarks.pipeline_overhead --json pipeline_overhead.json

The demo with two epochs, over 200 training and 100 validation pictures:

- work: every executor in one process that has run each of them before, over other folders, so that imports,
  TensorFlow's runtime and Beam are ready: what is left is the component's own work.
- cold: `vgg run` in an empty home folder, one component at a time. What a component takes longer than its
  work is its start: TFX's driver and publisher, its process, TensorFlow's runtime and Beam's start in it.
- side by side: the same, with as many components at a time as there are cores.
- cached: `vgg run` again.

Seconds are those on the clock, processor seconds those of all processes. To reach: a start of at most 4 s,
and less than 20 s of `vgg run` where all is cached, most of it imports.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.machine import machine

VGG = Path(sys.executable).with_name("vgg")
MOST_START, MOST_CACHED = 4.0, 20.0
SETTINGS = {"VGG_EXPERIMENT": "demo", "VGG_SET": "training.most_epochs=2", "VGG_DOCKER": "0"}
PICTURES = ["--train-per-class", "20", "--validation-per-class", "10"]
TOOK = re.compile(r"Component (\S+) took (\{.*\})$", re.MULTILINE)
HERE = "work"


@click.command(help=__doc__.partition("\n")[0])
@click.option("--json", "json_", type=click.Path(path_type=Path), help="File for programs.")
@click.option("--one", type=click.Path(path_type=Path), hidden=True, help="What the process of `work` does.")
def main(json_: Path | None, one: Path | None) -> None:
    """Print a table."""
    if one:
        work(one)
        return
    where = machine("tfx", "tensorflow", "apache-beam")
    print(where)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder))
    _print(found)
    if json_:
        json_.write_text(json.dumps({"machine": where, **found}, indent=2), encoding="utf-8")


def measured(folder: Path) -> dict:
    """Of each run its whole `seconds`, and its `components`: pipeline.running.launch.Took by id."""
    subprocess.run(
        [VGG, "data", "sample", "--out", folder / "data", *PICTURES], check=True, capture_output=True
    )
    cores = len(os.sched_getaffinity(0))
    one_process = [sys.executable, "-m", "benchmarks.pipeline_overhead", "--one", str(folder)]
    return {
        HERE: _run(one_process, folder, HERE, 1),
        "cold": _run([VGG, "run"], folder, "one", 1),
        "side by side": _run([VGG, "run"], folder, "several", cores),
        "cached": _run([VGG, "run"], folder, "one", cores),
    }


def work(folder: Path) -> None:
    """Runs all components twice in this process, in two home folders."""
    from rich.console import Console
    from tfx.dsl.compiler.compiler import Compiler

    from pipeline.pipeline import create_pipeline
    from pipeline.running.component_lines import ComponentLines
    from pipeline.running.engine import run_pipeline
    from pipeline.running.room import Room
    from pipeline.running.run import Environment, prepared
    from pipeline.running.run_log import logging_to

    for home in ("before", HERE):
        environment = Environment.from_variables({**os.environ, "VGG_HOME": str(folder / home)})
        environment.home.mkdir()
        what = prepared(environment, os.environ, check=True)
        (name,) = what.notes
        pipeline = create_pipeline(what.experiments[name], environment, what.experiments)
        log = environment.logs / "run.log"
        with logging_to(log):
            lines = ComponentLines(Console(quiet=True))
            run_pipeline(Compiler().compile(pipeline), None, lines, log, None, Room(1))


def _run(command: list, folder: Path, home: str, side_by_side: int) -> dict:
    variables = {
        **os.environ,
        **SETTINGS,
        "VGG_DATA": str(folder / "data"),
        "VGG_HOME": str(folder / home),
        "VGG_SIDE_BY_SIDE": str(side_by_side),
    }
    began = time.monotonic()
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - began
    if ended.returncode not in (0, 3):  # 3: two epochs are not enough for its threshold
        raise click.ClickException(f"{home}: status {ended.returncode}: {ended.stderr.strip()[-500:]}")
    log = max((folder / home / "logs").glob("*.log"))
    took = {node: json.loads(found) for node, found in TOOK.findall(log.read_text(encoding="utf-8"))}
    return {"seconds": seconds, "components": took}


def _print(found: dict) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("component", no_wrap=True)
    for name in (
        "work s",
        "cold s",
        "start s",
        "cold/work",
        "work CPU s",
        "cold CPU s",
        "beside s",
        "cached s",
    ):
        table.add_column(name, justify="right")
    starts = {}
    for node, own in found[HERE]["components"].items():
        cold, beside, cached = (found[run]["components"][node] for run in ("cold", "side by side", "cached"))
        starts[node] = cold["seconds"] - own["executor_seconds"]
        seconds = (own["executor_seconds"], cold["seconds"], starts[node])
        ratio = f"{cold['seconds'] / max(own['executor_seconds'], 1e-3):.1f}"
        others = (own["processor"], cold["processor"], beside["seconds"], cached["seconds"])
        table.add_row(node, *(f"{one:.2f}" for one in seconds), ratio, *(f"{one:.2f}" for one in others))
    console = Console(width=140)
    console.print(table, highlight=False)
    for run in ("cold", "side by side", "cached"):
        console.print(f"vgg run, {run}: {found[run]['seconds']:.1f} s", highlight=False)
    longest = max(starts, key=starts.get)
    _verdict(console, f"longest start: {longest}", starts[longest], MOST_START)
    _verdict(console, "cached run", found["cached"]["seconds"], MOST_CACHED)


def _verdict(console: Console, what: str, seconds: float, most: float) -> None:
    verdict = "reached" if seconds <= most else "not reached"
    console.print(f"{what}, {seconds:.1f} s, at most {most:g} s: {verdict}", highlight=False)


if __name__ == "__main__":
    main()
