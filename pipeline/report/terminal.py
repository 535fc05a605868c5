"""The report's figures in the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from components.evaluation.tfma_results import Measured
from components.localisation.metrics import CENTRAL, TOP5
from pipeline.report.figures import PaperTable, Report, SystemsTable
from pipeline.report.model_card import interval
from pipeline.report.page import p_text

MOST_PAIRS = 15


def show_report(report: Report, console: Console, *, all_tables: bool = False) -> None:
    """Each experiment, the paper's tables of which a row was run, and the clearest differences.

    Args:
        report: all figures.
        console: where to.
        all_tables: also the paper's tables of which no row was run.
    """
    rows = []
    for found in report.experiments:
        overall, paper = found.overall, found.paper
        if found.miniature_of or found.altered:
            paper = None
        rows.append(
            (
                *(found.name, found.net, str(found.images)),
                *(_share(overall.top1_error), str(paper.top1) if paper else ""),
                *(_share(overall.top5_error), str(paper.top5) if paper else ""),
            )
        )
    title = "Errors in per cent with 95 % intervals"
    if any(row[4] or row[6] for row in rows):
        title += ", the paper's beside its own experiments"
    table = _filled(title, ("experiment", "net"), ("images", "top-1", "paper", "top-5", "paper"), rows)
    console.print(table, highlight=False)
    for one in (*report.tables, *report.miniatures):
        if one.run or all_tables:
            _show_table(one, console)
    if report.localised:
        _show_localisation(report, console)
    if report.other_systems.run or all_tables:
        _show_systems(report.other_systems, console)
    _show_pairs(report, console)
    for line in report.left_out:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _show_table(one: PaperTable, console: Console) -> None:
    table = _table(f"{one.title}: {one.run} of {len(one.rows)} rows run")
    table.add_column("experiment", overflow="fold")
    for name in ("top-1", "paper", "top-5", "paper"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in one.rows:
        table.add_row(
            row.experiment,
            _share(row.top1),
            str(row.paper.top1),
            _share(row.top5),
            str(row.paper.top5),
        )
    console.print(table, highlight=False)


def _show_localisation(report: Report, console: Console) -> None:
    test_1, test_2 = (
        {row.experiment: row.paper for row in one.rows} for one in report.localisation_tables[:2]
    )
    rows = []
    for found in report.localised:
        boxes, listed = found.localisation, not (found.altered or found.localisation.altered)
        papers = [_per_cent(one.get(found.name)) if listed else "" for one in (test_1, test_2)]
        errors = [_share(boxes.metrics[name]) for name in (CENTRAL, TOP5)]
        rows.append((found.name, str(boxes.images), errors[0], papers[0], errors[1], papers[1]))
    title = "Localisation: errors in per cent, of the images that have a box of their class"
    numbers = ("images", "test 1", "paper", "test 2, of five classes", "paper")
    console.print(_filled(title, ("experiment",), numbers, rows), highlight=False)


def _show_systems(one: SystemsTable, console: Console) -> None:
    table = _table(f"{one.title}, comparison with other systems: {one.run} rows run")
    table.add_column("method", overflow="fold")
    for name in ("top-1", "paper", "top-5", "paper", "test, paper"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in one.rows:
        table.add_row(
            *(row.method, _share(row.top1), _per_cent(row.paper_top1)),
            *(_share(row.top5), _per_cent(row.paper_top5), _per_cent(row.paper_top5_test)),
        )
    console.print(table, highlight=False)


def _show_pairs(report: Report, console: Console) -> None:
    if not report.pairs:
        return
    ranked = sorted(report.pairs, key=lambda pair: pair.p)[:MOST_PAIRS]
    table = _table(
        f"Differences, the {len(ranked)} clearest of {len(report.pairs)}: McNemar's exact test; wrong only "
        "by the first, only by the second"
    )
    for name in ("first", "second", "error"):
        table.add_column(name, overflow="fold")
    for name in ("diff.", "1st", "2nd", "p", "p, Holm"):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in ranked:
        table.add_row(
            *(pair.first, pair.second, pair.error, f"{pair.difference:+.1%}"),
            *(str(pair.only_first), str(pair.only_second), p_text(pair.p), p_text(pair.p_holm)),
        )
    console.print(table, highlight=False)


def _filled(title: str, names: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Without the columns in which no row has anything: in 80 columns every one counts."""
    table = _table(title)
    there = [any(column) for column in zip(*rows, strict=True)]
    for place, name in enumerate((*names, *numbers)):
        if there[place] and place < len(names):
            table.add_column(name, overflow="fold")
        elif there[place]:
            table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(cell for cell, shown in zip(row, there, strict=True) if shown))
    return table


def _table(title: str) -> Table:
    return Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)


def _share(measured: Measured | None) -> str:
    return f"{100 * measured.value:.1f} {interval(measured)}".rstrip() if measured else ""


def _per_cent(error: float | None) -> str:
    return "" if error is None else str(error)
