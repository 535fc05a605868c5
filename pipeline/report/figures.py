"""The report's figures as plain values: what the page, the JSON file and the terminal show alike."""

from dataclasses import dataclass, field

from components.evaluation.tfma_results import Figure, Measured
from pipeline.report.evaluated import DataSet, Step
from pipeline.report.identity import Identity
from pipeline.report.learning import Drop, Epoch
from pipeline.report.localisation import LocalisationFigures, LocalisationTable

SCHEMA = 1


@dataclass(frozen=True)
class PaperErrors:
    """In per cent, as the paper prints them."""

    top1: float
    top5: float


@dataclass(frozen=True)
class ClassFigures:
    """One class; errors are shares of its images, 0..1."""

    name: str
    images: int
    top1: Measured
    top5: Measured


@dataclass(frozen=True)
class Confusion:
    """`images` of class `true`, which are `share` of its images, 0..1, were taken for `predicted`."""

    true: str
    predicted: str
    images: int
    share: float


@dataclass(frozen=True)
class CalibrationBin:
    """Images whose largest posterior lies in [lower, upper).

    Attributes:
        confidence: mean of their largest posteriors, 0..1.
        accuracy: share of them that is right, 0..1.
    """

    lower: float
    upper: float
    images: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class ExperimentFigures:
    """One experiment's newest evaluation.

    Attributes:
        name: of the experiment.
        net: the configuration, and the divisor of its channels if any, such as A/8; of several joined by +.
        s: training scales in words; q: test scales in pixels; method: how the net is applied.
        paper: errors of the paper's row that this is, or of which it is the miniature; None for neither.
        miniature_of: name of the full-size experiment that this is a miniature of, or "".
        altered: what makes it another experiment than the one of that name, or "".
        images: validation images; classes: outputs of the net.
        averages: overall figures of each average, that over all as the last.
        nets: ids of the nets in `Report.nets`.
        card: name of its model card's file.
        localisation: errors of its boxes (appendix A), or None where it does not localise.
    """

    name: str
    summary: str
    net: str
    s: str
    q: tuple[int, ...]
    method: str
    flip: bool
    paper: PaperErrors | None
    miniature_of: str
    altered: str
    images: int
    classes: int
    averages: tuple[Figure, ...]
    by_class: tuple[ClassFigures, ...]
    confusions: tuple[Confusion, ...]
    calibration: tuple[CalibrationBin, ...]
    undecodable: int
    nets: tuple[int, ...]
    data: DataSet
    run: str
    finished: str
    steps: tuple[Step, ...]
    identity: Identity | None
    pushed: str | None
    card: str
    localisation: LocalisationFigures | None = None

    @property
    def overall(self) -> Figure:
        """The average over all views."""
        return self.averages[-1]


@dataclass(frozen=True)
class NetFigures:
    """One trained net."""

    weights: str
    starts_from: str
    seed: int | None
    recipe: dict[str, str]
    seconds: float
    epochs: tuple[Epoch, ...]
    drops: tuple[Drop, ...]


@dataclass(frozen=True)
class TableRow:
    """One row of a table of the paper, or of a miniature of it.

    Attributes:
        experiment: its name.
        paper: errors in per cent.
        top1, top5, images: ours, None where this experiment was not run; of five classes or fewer there is no
            top-5 error.
        miniature_of: name of the full-size experiment that this is a miniature of, "" where it is full size.
    """

    experiment: str
    net: str
    s: str
    q: str
    method: str
    paper: PaperErrors
    top1: Measured | None
    top5: Measured | None
    images: int | None
    miniature_of: str = ""


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, or the miniatures of its rows."""

    title: str
    rows: tuple[TableRow, ...]

    @property
    def run(self) -> int:
        """How many rows have a figure of ours."""
        return sum(row.top1 is not None for row in self.rows)


@dataclass(frozen=True)
class SystemFigures:
    """One row of Table 7: a system, and ours beside the paper's where it is an experiment that was run.

    Attributes:
        method: what the paper calls it.
        paper_top1, paper_top5: its errors on ILSVRC-2012 validation images, in per cent, None where its
            authors gave none; paper_top5_test: on the test images.
        experiment: the experiment that it is; "" for another author's system.
        top1, top5, images: ours, None where it was not run.
    """

    method: str
    paper_top1: float | None
    paper_top5: float | None
    paper_top5_test: float | None
    experiment: str
    top1: Measured | None
    top5: Measured | None
    images: int | None


@dataclass(frozen=True)
class SystemsTable:
    """Table 7: the paper's comparison with the systems of other authors."""

    title: str
    rows: tuple[SystemFigures, ...]

    @property
    def run(self) -> int:
        """How many rows have a figure of ours."""
        return sum(row.top1 is not None for row in self.rows)


@dataclass(frozen=True)
class Pair:
    """Two experiments on the same images; of `error`, "top-1" or "top-5".

    Attributes:
        only_first, only_second, p: see pipeline.report.significance.Paired.
        p_holm: corrected for the number of pairs of this error in the report.
        difference: first's error less second's, share -1..1.
        paper: the same difference of the paper's errors, in points of per cent; None without rows for both.
    """

    error: str
    first: str
    second: str
    images: int
    difference: float
    only_first: int
    only_second: int
    p: float
    p_holm: float
    paper: float | None


@dataclass(frozen=True)
class Report:
    """All figures of a home folder; `left_out` has a line for each thing whose files are gone."""

    home: str
    written: str
    writer: Identity
    experiments: tuple[ExperimentFigures, ...]
    tables: tuple[PaperTable, ...]
    miniatures: tuple[PaperTable, ...]
    other_systems: SystemsTable
    pairs: tuple[Pair, ...]
    test: str
    nets: dict[int, NetFigures]
    localisation_tables: tuple[LocalisationTable, ...] = ()
    left_out: tuple[str, ...] = ()
    schema: int = field(default=SCHEMA)

    @property
    def localised(self) -> tuple[ExperimentFigures, ...]:
        """The experiments that localise."""
        return tuple(one for one in self.experiments if one.localisation)
