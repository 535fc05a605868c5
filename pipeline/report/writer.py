"""Writes the report of a home folder: page, JSON and model cards, each file at once or not at all."""

import dataclasses
import json
import os
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from rich.console import Console

from models.errors import InputError
from pipeline.environment import Environment
from pipeline.exit_status import named
from pipeline.report import identity
from pipeline.report.collect import collect, summaries
from pipeline.report.figures import Report
from pipeline.report.model_card import as_markdown, model_card
from pipeline.report.page import render
from pipeline.report.pictures import take
from pipeline.report.store import read_home
from serving.store_push import is_store

PAGE, FIGURES = "index.html", "figures.json"
# A SavedModel's own place for what is not the graph's: of it TF Serving reads only its warm-up requests.
CARD_OF_PUSHED = Path("assets.extra", "model_card.md")


@dataclass(frozen=True)
class Written:
    """Where the report is, and what it says."""

    page: Path
    figures: Path
    cards: tuple[Path, ...]
    report: Report


def write_report(
    environment: Environment, page: Path | None = None, *, since: float | None = None
) -> Written:
    """Writes HOME/report/: index.html, figures.json, a model card of each experiment, and that card into
    assets.extra/ of each pushed model.

    Args:
        environment: its home folder.
        page: another place for the page; figures.json and the cards stay.
        since: seconds since 1970; this process ran the experiments that finished later: its versions are
            written down as theirs.

    Raises:
        InputError: there is nothing to report on, or a file cannot be written.
    """
    folder = environment.home / "report"
    page = page or folder / PAGE
    try:
        home = read_home(environment)
        for one in home.experiments:
            if since is not None and one.finished >= since:
                identity.remember(folder, one.run)
        found = summaries(home)
        report = collect(environment, home, found, folder)
        cards = {one.name: model_card(one, report) for one in report.experiments}
        pictures = take(home, found)
        _write(page, render(report, pictures, cards))
        _write(folder / FIGURES, as_json(report))
        return Written(page, folder / FIGURES, tuple(_write_cards(report, cards, folder)), report)
    except OSError as error:
        where = error.filename or folder
        raise InputError(f"report {where}: {error.strerror}; expected a folder that can be written") from None
    except tf.errors.OpError as error:  # of an object store, which has no OSError
        said = " ".join(error.message.split())
        raise InputError(
            f"home folder {environment.home}: what its runs made cannot be read ({said}); expected the "
            "store's credentials, and a way to it"
        ) from None


def report_run(environment: Environment, console: Console, since: float) -> None:
    """At the end of runs that this process began at `since`: writes the report, or one line that says why
    not. A run never fails by it.
    """
    try:
        page = write_report(environment, since=since).page
        console.print(f"Report: {page}", highlight=False, soft_wrap=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run itself has succeeded
        console.print(f"No report: {named(error)}", highlight=False, soft_wrap=True, markup=False)


def as_json(report: Report) -> str:
    """All figures; shares in 0..1, the paper's errors in per cent."""
    return json.dumps(dataclasses.asdict(report), indent=1) + "\n"


def _write_cards(report: Report, cards, folder: Path):
    for found in report.experiments:
        text = as_markdown(found.name, cards[found.name])
        _write(folder / found.card, text)
        yield folder / found.card
        if found.pushed and not is_store(found.pushed):
            _write(Path(found.pushed) / CARD_OF_PUSHED, text)


def _write(path: Path, text: str) -> None:
    """Renamed into place, so that nobody opens half a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8", errors="replace")
    part.replace(path)
