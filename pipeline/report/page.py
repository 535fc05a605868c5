"""The page: figures and pictures into one HTML file that needs nothing else."""

import functools
from collections.abc import Mapping

import jinja2
from markupsafe import Markup

from components.evaluation.tfma_results import Measured
from pipeline.report import charts
from pipeline.report.figures import ExperimentFigures, NetFigures, Report
from pipeline.report.learning import Epoch
from pipeline.report.model_card import Part, interval
from pipeline.report.pictures import Pictures

PAGE = "page.html.j2"
MOST_EPOCH_ROWS = 40


def render(report: Report, pictures: Pictures, cards: Mapping[str, tuple[Part, ...]]) -> str:
    """The whole page.

    Args:
        report: all figures.
        pictures: albums of some experiments and their thumbnails.
        cards: model cards by experiment.
    """
    template = _environment().get_template(PAGE)
    highest = charts.highest_error(report.experiments)
    return template.render(
        report=report,
        pictures=pictures,
        cards=cards,
        q_charts=[chart for one in report.experiments if (chart := charts.error_against_q(one, highest))],
        calibration=charts.calibration,
        learning_curves=charts.learning_curves,
        shown_epochs=shown_epochs,
        slug=slug,
        paper_tables_run=paper_tables_run,
    )


def paper_tables_run(report: Report) -> bool:
    """Whether the paper's tables stand near the beginning: a row of them was run. Else they follow, folded,
    what was run.
    """
    return any(table.run for table in (*report.tables, report.other_systems))


def shown_epochs(net: NetFigures) -> list[Epoch]:
    """The table beside the curves: about MOST_EPOCH_ROWS, the last one and those around drops among them."""
    step = -(-len(net.epochs) // MOST_EPOCH_ROWS)
    around = {number for drop in net.drops for number in (drop.after_epoch, drop.after_epoch + 1)}
    return [
        one
        for one in net.epochs
        if one.number % step == 0 or one.number in around or one.number in (1, len(net.epochs))
    ]


def slug(name: str) -> str:
    """A name as part of an HTML id."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def share(measured: Measured | None) -> Markup:
    """Per cent with its interval, "" for what was not measured."""
    if measured is None:
        return Markup("")
    value, bounds = f"{100 * measured.value:.1f}", interval(measured)
    return Markup(f'{value} <small class="interval">{bounds}</small>' if bounds else value)


def p_text(p: float) -> str:
    """A p-value: three places, or below 0.001."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float) -> str:
    """1 h 02 min, 3 min 04 s or 5.6 s."""
    if seconds >= 3600:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:02.0f} min"
    if seconds >= 60:
        return f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"
    return f"{seconds:.1f} s"


def headline(found: ExperimentFigures) -> str:
    """What a folded experiment shows of itself."""
    overall = found.overall
    return f"top-1 {overall.top1_error.value:.1%}, top-5 {overall.top5_error.value:.1%}"


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"share": share, "p": p_text, "duration": duration, "headline": headline}
    return environment
