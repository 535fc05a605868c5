"""The same model and photographs in this process, over gRPC and over REST, side by side.

    python -m benchmarks.serving --data DATA

Net D at full width, untrained, exported once for each Q; its time does not depend on its weights. The server
is a process of its own: `vgg serve`, and TF Serving where tensorflow_model_server is on the PATH. A round
asks each way in turn, so that a busy machine slows all alike. With n clients at once, each asks for one
photograph, against the model called in this process with one batch of n. Times are by the clock, as the
server's processor time is its own. `batch of n` is one call in this process; `first answer` is that of a
server just started.

To reach: gRPC at most 1.03 times as long as in process, one at a time; at sixteen at once at least 0.95 of
the batch's images a second, over gRPC and REST. docs/results.md has what was measured.
"""

import statistics
import tempfile
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from benchmarks.photographs import DATA_OPTION, data_or_drawn
from benchmarks.report import JSON_OPTION, Report, reporting, show
from benchmarks.rounds import WALL, Rounds, Sample, as_fast, as_long, in_rounds, timed
from benchmarks.served import (
    IN_PROCESS,
    at_once,
    export_untrained,
    first_answer,
    in_one_batch,
    in_process,
    photographs_of,
    served,
)

ALONE, AT_ONCE, LEAST_OF_BATCH = 1.03, 16, 0.95


@click.command(help=__doc__.partition("\n")[0])
@DATA_OPTION
@click.option("--signature", default="serving_default", show_default=True)
@click.option("--q", "sides", default="256,384,512", show_default=True, help="Shorter sides, pixels.")
@click.option("--width", default=1, show_default=True, help="Channels are divided by this.")
@click.option("--clients", default="1,4,16", show_default=True, help="That ask at once.")
@click.option("--rounds", default=12, show_default=True, help="For one client; more clients: fewer rounds.")
@JSON_OPTION
def main(data, signature, sides, width, clients, rounds, json_file) -> None:
    sides, clients = ([int(each) for each in one.split(",")] for one in (sides, clients))
    settings = {"sides": sides, "width": width, "clients": clients, "rounds": rounds}
    with (
        reporting("serving", json_file, "grpcio", **settings) as report,
        data_or_drawn(data, report) as folder,
        tempfile.TemporaryDirectory() as models,
    ):
        photographs = photographs_of(folder, max(*clients, rounds))
        for side in sides:
            base = Path(models, str(side))
            path = export_untrained(base, side, width)
            ways = {IN_PROCESS: in_process(path, signature)}
            _batches(report, ways[IN_PROCESS], photographs, clients, side)
            with served(str(base), signature, report) as others:
                for count in clients:
                    _asked(report, {**ways, **others}, photographs, count, rounds, side)
        _starts(report, str(base), signature, photographs[0])


def _asked(report: Report, ways: dict, photographs: list[bytes], count: int, rounds: int, side: int) -> None:
    """A table of `count` clients, and the ratios."""
    latencies: dict[str, list[float]] = {name: [] for name in ways}

    def of(name: str, number: int) -> Sample:
        first = number % (len(photographs) - count + 1)
        asked = photographs[first : first + count]
        ask = in_one_batch if name == IN_PROCESS else at_once
        return ask(ways[name], asked, latencies[name])

    calls = {name: lambda number, name=name: of(name, number) for name in ways}
    times = max(2, rounds // count)
    found = in_rounds(calls, times, after_each=report.progress)
    warming = {name: 1 if name == IN_PROCESS else count for name in ways}
    title = f"Q = {side}, {count} at once"
    _show_latencies(title, found, {name: each[warming[name] :] for name, each in latencies.items()})
    report.keep(found, "image", title)
    for name in ways:
        if name == IN_PROCESS:
            continue
        if count == 1:
            wanted = ALONE if name.endswith("gRPC") else None
            compared = as_long(found, name, IN_PROCESS, by=WALL, wanted=wanted)
        else:
            wanted = LEAST_OF_BATCH if count == AT_ONCE else None
            compared = as_fast(found, name, IN_PROCESS, by=WALL, wanted=wanted)
        report.compare(compared.within(title))


def _show_latencies(title: str, found: Rounds, latencies: dict[str, list[float]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for column in ("images/s, fastest", "median", "an answer: p50 s", "p99 s"):
        table.add_column(column, justify="right")
    for name, samples in found.items():
        rates = [1 / sample.each(WALL) for sample in samples]
        answers = [f"{np.percentile(latencies[name], share):.3f}" for share in (50, 99)]
        table.add_row(name, f"{max(rates):.3g}", f"{statistics.median(rates):.3g}", *answers)
    show(table)


def _batches(report: Report, predict, photographs: list[bytes], sizes: list[int], side: int) -> None:
    """What one call costs by the number of photographs in it."""
    calls = {
        f"batch of {size}": lambda number, size=size: timed(lambda: predict(photographs[:size]), size)
        for size in sizes
    }
    found = in_rounds(calls, 3, after_each=report.progress)
    report.rounds(found, "image", f"Q = {side}, in process")


def _starts(report: Report, base: str, signature: str, photograph: bytes) -> None:
    for warm_up, words in ((True, "with"), (False, "without")):
        serves, answers = first_answer(base, signature, photograph, warm_up=warm_up)
        report.note(
            f"vgg serve {words} warm-up serves after {serves:.1f} s; first answer {answers:.2f} s later"
        )


if __name__ == "__main__":
    main()
