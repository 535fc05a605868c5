"""Tables 3 to 6 in miniature: all six nets at 1/8 width on five kinds of flowers, two cores.

Every length of the paper (crop 224, S, Q) times 64 / 224. Each net starts from what it starts from in the
paper, and is tested under the same protocols. Another data set and other nets: what can be compared with the
paper is which of two rows is better, and not the errors.
"""

import dataclasses

from components.recipe import Evaluation, TrainerConfig, Training
from models.net import Net
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.paper_experiments import origin
from pipeline.experiments.paper_tables import TABLE_3, TABLE_4, TABLE_5, TABLE_6, FusionRow, Row

CROP = 64
PREFIX = "mini-"


def miniatures() -> dict[str, Experiment]:
    """All miniatures by name: the name of the paper's row with mini- before it."""
    rows = (*TABLE_3, *TABLE_4, *TABLE_5)
    by_row = {row.experiment: _miniature(row) for row in reversed(rows)}
    found = {PREFIX + row.experiment: by_row[row.experiment] for row in rows}
    for row in TABLE_6:
        found[PREFIX + row.experiment] = _fusion(row, found)
    return found


def _miniature(row: Row) -> Experiment:
    base, _ = origin(row)
    return Experiment(
        name=PREFIX + row.experiment,
        summary=f"Table {row.table} in miniature: {row.experiment} at 1/8 width, five kinds of flowers",
        config=TrainerConfig(
            net=Net(row.net, classes=5, width=8, input_size=CROP),
            training=_training(row, first=base is None, from_a=base == "A-256"),
        ),
        evaluation=Evaluation(tuple(_scaled(q) for q in row.shorter_sides), protocol=row.protocol),
        weights=PREFIX + row.weights,
        starts_from=base and PREFIX + base,
        paper=row,
    )


def _training(row: Row, *, first: bool, from_a: bool) -> Training:
    """Fixed drops, so that the time is known. The rate is what trains nets of this width (README)."""
    epochs, drops = (60, (45, 55)) if first else (40, (30, 36)) if from_a else (12, (8,))
    return Training(
        smallest_side=_scaled(row.smallest),
        largest_side=_scaled(row.largest),
        batch=16,
        learning_rate=2.5e-3 if first or from_a else 5e-4,
        most_epochs=epochs,
        drops=drops,
        colour_shift=False,
    )


def _scaled(pixels: int) -> int:
    return round(pixels * CROP / 224)


def _fusion(row: FusionRow, members: dict[str, Experiment]) -> Experiment:
    first, *others = (PREFIX + name for name in row.members)
    return dataclasses.replace(
        members[first],
        name=PREFIX + row.experiment,
        summary=f"Table {row.table} in miniature: {row.experiment}",
        fused_with=tuple(others),
        paper=row,
    )
