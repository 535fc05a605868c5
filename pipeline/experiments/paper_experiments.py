"""The rows of Tables 3 to 6 as the paper trained and tested them on ImageNet."""

import dataclasses

from components.recipe import Evaluation, TrainerConfig, Training
from models.net import Net
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.paper_tables import TABLE_3, TABLE_4, TABLE_5, TABLE_6, FusionRow, Row


def paper_experiments() -> dict[str, Experiment]:
    """All rows of Tables 3 to 6 by name. Table 5's dense rows are rows of Table 4 too, and are here once."""
    rows = (*TABLE_3, *TABLE_4, *TABLE_5)
    found = {row.experiment: _from_row(row) for row in reversed(rows)}
    found = {row.experiment: found[row.experiment] for row in rows}
    for row in TABLE_6:
        found[row.experiment] = _from_fusion(row, found)
    return found


def origin(row: Row) -> tuple[str | None, float]:
    """What a net starts from and its first learning rate.

    Section 3.1: A from random weights; deeper nets at S = 256 from A; S = 384 fine-tunes S = 256 at 1e-3;
    jittered S fine-tunes S = 384, at the same 1e-3 as the paper gives no other.
    Of A-LRN, which is no deeper than A, the paper says nothing: it starts from random weights like A.
    """
    if row.net in ("A", "A-LRN"):
        return None, 1e-2
    if row.smallest == row.largest == 256:
        return "A-256", 1e-2
    return f"{row.net}-{256 if row.largest == 384 else 384}", 1e-3


def _from_row(row: Row) -> Experiment:
    starts_from, rate = origin(row)
    return Experiment(
        name=row.experiment,
        summary=f"Table {row.table} of the paper, ImageNet",
        config=TrainerConfig(
            net=Net(row.net),
            training=Training(smallest_side=row.smallest, largest_side=row.largest, learning_rate=rate),
        ),
        evaluation=Evaluation(shorter_sides=row.shorter_sides, protocol=row.protocol),
        weights=row.weights,
        starts_from=starts_from,
        # ImageNet's own files all decode once the known bad ones are re-encoded; a copy may lose a few.
        most_undecodable=1e-4,
        paper=row,
    )


def _from_fusion(row: FusionRow, members: dict[str, Experiment]) -> Experiment:
    first, *others = row.members
    return dataclasses.replace(
        members[first],
        name=row.experiment,
        summary=f"Table {row.table} of the paper, {row.name}: {len(row.members)} nets",
        fused_with=tuple(others),
        paper=row,
    )
