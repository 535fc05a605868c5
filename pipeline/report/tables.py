"""The paper's tables with our figures beside the paper's, and the same tables of the miniatures.

What was not run is None: a figure of ours stands in a row only if that very experiment was run.
"""

from collections.abc import Mapping

from components.evaluation.tfma_results import Measured
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.miniatures import PREFIX
from pipeline.experiments.paper_tables import (
    TABLE_3,
    TABLE_4,
    TABLE_5,
    TABLE_6,
    TABLE_7,
    FusionRow,
    Row,
    SystemRow,
)
from pipeline.report import naming
from pipeline.report.figures import (
    ExperimentFigures,
    PaperErrors,
    PaperTable,
    SystemFigures,
    SystemsTable,
    TableRow,
)

TABLES = (TABLE_3, TABLE_4, TABLE_5, TABLE_6)
FEWEST_CLASSES = 6


def paper_errors(entry: Experiment) -> PaperErrors | None:
    """Of the paper's row that an experiment is, or is the miniature of."""
    return PaperErrors(entry.paper.top1, entry.paper.top5) if entry.paper else None


def tables(ran: Mapping[str, ExperimentFigures]) -> tuple[PaperTable, ...]:
    """Each of the paper's, with all its rows."""
    return tuple(_table("Table {} of the paper", "", rows, ran) for rows in TABLES)


def miniatures(ran: Mapping[str, ExperimentFigures]) -> tuple[PaperTable, ...]:
    """Those of which a row was run."""
    found = (_table("Table {} in miniature", PREFIX, rows, ran) for rows in TABLES)
    return tuple(table for table in found if table.run)


def other_systems(ran: Mapping[str, ExperimentFigures]) -> SystemsTable:
    """Table 7: our figure stands beside the paper's where the row is an experiment that was run."""
    return SystemsTable("Table 7 of the paper", tuple(_system(row, ran) for row in TABLE_7))


def _system(row: SystemRow, ran: Mapping[str, ExperimentFigures]) -> SystemFigures:
    ours = _unaltered(row.experiment, ran)
    return SystemFigures(
        method=row.method,
        paper_top1=row.top1,
        paper_top5=row.top5,
        paper_top5_test=row.top5_test,
        experiment=row.experiment,
        top1=ours.overall.top1_error if ours else None,
        top5=_top5(ours),
        images=ours.images if ours else None,
    )


def _unaltered(name: str, ran: Mapping[str, ExperimentFigures]) -> ExperimentFigures | None:
    found = ran.get(name)
    return None if found is None or found.altered else found


def _top5(ours: ExperimentFigures | None) -> Measured | None:
    return ours.overall.top5_error if ours and ours.classes >= FEWEST_CLASSES else None


def _table(title: str, prefix: str, rows, ran: Mapping[str, ExperimentFigures]) -> PaperTable:
    entries = ((row, EXPERIMENTS[prefix + row.experiment]) for row in rows)
    return PaperTable(title.format(rows[0].table), tuple(_row(row, entry, ran) for row, entry in entries))


def _row(row: Row | FusionRow, entry: Experiment, ran: Mapping[str, ExperimentFigures]) -> TableRow:
    ours = _unaltered(entry.name, ran)
    return TableRow(
        experiment=entry.name,
        net=naming.net_of(entry),
        s=naming.scales_of(entry),
        q=naming.sides_of(entry),
        method=naming.method_of(entry),
        paper=PaperErrors(row.top1, row.top5),
        top1=ours.overall.top1_error if ours else None,
        top5=_top5(ours),
        images=ours.images if ours else None,
        miniature_of=naming.original_of(entry),
    )
