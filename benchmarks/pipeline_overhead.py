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
from rich.table import Table

from benchmarks.report import JSON_OPTION, Report, reporting, show
from benchmarks.rounds import Sample

VGG = Path(sys.executable).with_name("vgg")
MOST_START, MOST_CACHED = 4.0, 20.0
SETTINGS = {"VGG_EXPERIMENT": "demo", "VGG_SET": "training.most_epochs=2", "VGG_DOCKER": "0"}
PICTURES = ["--train-per-class", "20", "--validation-per-class", "10"]
TOOK = re.compile(r"Component (\S+) took (\{.*\})$", re.MULTILINE)
HERE = "work"


@click.command(help=__doc__.partition("\n")[0])
@click.option("--one", type=click.Path(path_type=Path), hidden=True, help="What the process of `work` does.")
@click.option("--quick", is_flag=True, help="The cold and the cached run alone.")
@JSON_OPTION
def main(one: Path | None, quick: bool, json_file: Path | None) -> None:
    """Print a table."""
    if one:
        work(one)
        return
    with (
        reporting("pipeline_overhead", json_file, "tfx", "apache-beam", quick=quick) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        found = measured(Path(folder), quick)
        _print(found, report)


def measured(folder: Path, quick: bool) -> dict:
    """Of each run its whole `seconds`, and its `components`: pipeline.running.launch.Took by id."""
    subprocess.run(
        [VGG, "data", "sample", "--out", folder / "data", *PICTURES], check=True, capture_output=True
    )
    cores = len(os.sched_getaffinity(0))
    one_process = [sys.executable, "-m", "benchmarks.pipeline_overhead", "--one", str(folder)]
    others = {} if quick else {HERE: _run(one_process, folder, HERE, 1)}
    cold = _run([VGG, "run"], folder, "one", 1)
    if not quick:
        others["side by side"] = _run([VGG, "run"], folder, "several", cores)
    return {**others, "cold": cold, "cached": _run([VGG, "run"], folder, "one", cores)}


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


def _print(found: dict, report: Report) -> None:
    for run, of in found.items():
        components = {
            node: [Sample(one["seconds"], one["processor"])] for node, one in of["components"].items()
        }
        report.keep(components, "component", run)
    if HERE in found:
        starts = _show_starts(found)
        longest = max(starts, key=starts.get)
        _verdict(report, f"longest start: {longest}", starts[longest], MOST_START)
    for run in (name for name in found if name != HERE):
        report.note(f"vgg run, {run}: {found[run]['seconds']:.1f} s")
    _verdict(report, "cached run", found["cached"]["seconds"], MOST_CACHED)


def _show_starts(found: dict) -> dict[str, float]:
    """A table of all components; the seconds that the start of each takes."""
    table = Table(box=None, pad_edge=False)
    table.add_column("component", no_wrap=True)
    columns = ("work s", "cold s", "start s", "cold/work", "work CPU s", "cold CPU s", "beside s", "cached s")
    for name in columns:
        table.add_column(name, justify="right")
    starts = {}
    for node, own in found[HERE]["components"].items():
        cold, beside, cached = (found[run]["components"][node] for run in ("cold", "side by side", "cached"))
        starts[node] = cold["seconds"] - own["executor_seconds"]
        seconds = (own["executor_seconds"], cold["seconds"], starts[node])
        ratio = f"{cold['seconds'] / max(own['executor_seconds'], 1e-3):.1f}"
        others = (own["processor"], cold["processor"], beside["seconds"], cached["seconds"])
        table.add_row(node, *(f"{one:.2f}" for one in seconds), ratio, *(f"{one:.2f}" for one in others))
    show(table)
    return starts


def _verdict(report: Report, what: str, seconds: float, most: float) -> None:
    verdict = "reached" if seconds <= most else "missed"
    report.note(f"{what}, {seconds:.1f} s; wanted: at most {most:g} s: {verdict}")


if __name__ == "__main__":
    main()
