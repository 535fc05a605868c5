"""Localisation in the report (appendix A): each experiment's errors, and the paper's Tables 8 to 10."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.evaluation.tfma_results import Measured
from components.localisation.metrics import CENTRAL, DENSE, TOP5
from components.localisation.results import read_localisation
from components.recipe import TrainedLayers
from models.localisation.regression import Regression
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.localisation_tables import TABLE_8, TABLE_9, TABLE_10, LocalisationRow
from pipeline.report.localised_run import LocalisedRun

REGRESSIONS = {Regression.PER_CLASS: "PCR", Regression.SHARED: "SCR"}
LAYERS = {TrainedLayers.ALL: "all layers", TrainedLayers.FC: "first two FC layers"}


@dataclass(frozen=True)
class LocalisedClass:
    """One class; the errors are shares of its images that have a box, 0..1."""

    name: str
    images: int
    central: Measured
    dense: Measured
    top5: Measured


@dataclass(frozen=True)
class LocalisationFigures:
    """An experiment's errors of boxes.

    Attributes:
        regression: PCR or SCR, and which layers were trained, in words; "" where it is not known.
        s: S of the box net in pixels, in words; q: the Q of each box net, likewise.
        images: how many have a box of their class; without_box: how many have none, and are left out.
        metrics: components.localisation.metrics.METRICS, by name; errors and recalls are shares, 0..1.
        by_class: those that have boxes.
        altered: whether it is another setting than this version's experiment of that name.
    """

    regression: str
    s: str
    q: str
    images: int
    without_box: int
    metrics: dict[str, Measured]
    by_class: tuple[LocalisedClass, ...]
    altered: bool


@dataclass(frozen=True)
class OursAndTheirs:
    """A row of the paper's table.

    Attributes:
        setting, experiment: see pipeline.experiments.localisation_tables.
        paper, paper_test: errors in per cent, or None.
        ours, images: None where that experiment was not run.
    """

    setting: str
    experiment: str
    paper: float | None
    paper_test: float | None
    ours: Measured | None
    images: int | None


@dataclass(frozen=True)
class LocalisationTable:
    """One of Tables 8 to 10."""

    title: str
    rows: tuple[OursAndTheirs, ...]

    @property
    def run(self) -> int:
        """How many rows have a figure of ours."""
        return sum(row.ours is not None for row in self.rows)


def localisation_figures(run: LocalisedRun, entry: Experiment | None) -> LocalisationFigures:
    """Of an experiment's localisation; `entry` is this version's experiment of its name, if any."""
    overall, *classes = read_localisation(run.evaluation)
    config = run.config
    words = f"{REGRESSIONS[config.regression]}, {LAYERS[config.training.trained_layers]}" if config else ""
    return LocalisationFigures(
        regression=words,
        s=" to ".join(map(str, dict.fromkeys(config.training.scales))) if config else "",
        q=" and ".join(", ".join(map(str, sides)) for sides in run.shorter_sides),
        images=overall.images,
        without_box=overall.without_box,
        metrics=overall.metrics,
        by_class=tuple(
            LocalisedClass(one.of_class, one.images, *(one.metrics[name] for name in (CENTRAL, DENSE, TOP5)))
            for one in classes
            if one.images
        ),
        altered=not _as_listed(run, entry),
    )


def localisation_tables(
    ran: Mapping[str, LocalisationFigures | None],
) -> tuple[LocalisationTable, ...]:
    """Each of the paper's, with all its rows; `ran` are the experiments' figures by name."""
    known = {name: found for name, found in ran.items() if found and not found.altered}
    return (
        _table("Table 8 of the paper, test 1: the class known, central crop", TABLE_8, known, CENTRAL),
        _table("Table 9 of the paper, test 2: one of five classes and its box", TABLE_9, known, TOP5),
        _table("Table 10 of the paper, test 2 of several systems", TABLE_10, known, TOP5),
    )


def _as_listed(run: LocalisedRun, entry: Experiment | None) -> bool:
    if entry is None or entry.localisation is None or run.config is None:
        return False
    listed = entry.localisation
    same_training = (run.config.training, run.config.regression) == (listed.training, listed.regression)
    nets = 1 + bool(listed.merged_with)
    same_sides = run.shorter_sides[:1] == (listed.evaluation.shorter_sides,)
    return same_training and same_sides and len(run.shorter_sides) == nets


def _table(
    title: str, rows: Sequence[LocalisationRow], ran: Mapping[str, LocalisationFigures], error: str
) -> LocalisationTable:
    def row(one: LocalisationRow) -> OursAndTheirs:
        ours = ran.get(one.experiment)
        return OursAndTheirs(
            one.setting,
            one.experiment,
            one.error,
            one.test,
            ours.metrics[error] if ours else None,
            ours.images if ours else None,
        )

    return LocalisationTable(title, tuple(map(row, rows)))
