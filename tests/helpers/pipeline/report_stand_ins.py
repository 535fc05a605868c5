"""Figures that no net has made, for tests of what is drawn from figures. Their names say so."""

import numpy as np

from components.evaluation.tfma_results import Figure, Measured
from pipeline.report.data_uris import png
from pipeline.report.evaluated import DataSet, Step
from pipeline.report.figures import (
    CalibrationBin,
    ClassFigures,
    Confusion,
    ExperimentFigures,
    NetFigures,
    Pair,
    PaperErrors,
    Report,
    SystemsTable,
)
from pipeline.report.identity import Identity
from pipeline.report.learning import Drop, Epoch
from pipeline.report.pictures import Album, Pictures, Shown, Thumbnail
from pipeline.report.score_maps import ScoreMap, overlay

IDENTITY = Identity("0" * 40, {"python": "3.10"}, "stand-in hardware")


def figure(name: str, top1: float, images: int = 200) -> Figure:
    """An average's errors, with an interval of five points to each side."""
    share = Measured(top1, top1 - 0.05, top1 + 0.05)
    return Figure(name, "", images, share, Measured(top1 / 2), Measured(1.0), Measured(0.02))


def experiment(name: str, top1: float = 0.2, classes: int = 10, **changes) -> ExperimentFigures:
    """Of a net tested at two Q."""
    values = {
        "name": name,
        "summary": "stand-in",
        "net": "A/8",
        "s": "64",
        "q": (64, 96),
        "method": "dense",
        "flip": True,
        "paper": None,
        "miniature_of": "",
        "altered": "",
        "images": 200,
        "classes": classes,
        "averages": (figure("Q64", top1 + 0.1), figure("Q96", top1), figure("average", top1)),
        "by_class": tuple(
            ClassFigures(f"class <{n}>", 20, Measured(n / classes, 0.0, 1.0), Measured(0.0))
            for n in range(classes)
        ),
        "confusions": (Confusion("class <1>", "class <2>", 3, 0.15),),
        "calibration": (CalibrationBin(0.6, 2 / 3, 5, 0.63, 0.4),),
        "undecodable": 1,
        "nets": (1,),
        "data": DataSet("/stand-in/data", "split:train,num_files:1", {"train": 500, "eval": 200}, ""),
        "run": "2026-01-01T00:00:00",
        "finished": "2026-01-01 00:00 UTC",
        "steps": (Step("ShardExampleGen", 3.0, True), Step("Trainer.stand-in", 3661.0, False)),
        "identity": IDENTITY,
        "pushed": None,
        "card": f"model_card_{name}.md",
    }
    return ExperimentFigures(**{**values, **changes})


def net(epochs: int = 8) -> NetFigures:
    """Whose learning rate dropped after its fifth epoch."""
    curves = tuple(
        Epoch(n, 10 * n, 2 / n, 1 / n, 0.1, 2.2 / n, 1 / n, 0.1, 1e-2 if n <= 5 else 1e-3, 50.0)
        for n in range(1, epochs + 1)
    )
    return NetFigures("stand-in-net", "", 7, {"batch": "16"}, 90.0, curves, (Drop(5, 1e-2, 1e-3),))


def report(*experiments: ExperimentFigures, **changes) -> Report:
    """Of these experiments, which all have the one net; with a pair where there are two."""
    names = [one.name for one in experiments]
    pairs = (Pair("top-1", *names[:2], 200, 0.05, 14, 4, 0.031, 0.031, -1.5),) if len(names) > 1 else ()
    values = {
        "home": "/stand-in",
        "written": "2026-01-01 00:00 UTC",
        "writer": IDENTITY,
        "experiments": experiments,
        "tables": (),
        "miniatures": (),
        "other_systems": SystemsTable("Table 7 of the paper", ()),
        "pairs": pairs,
        "test": "stand-in test",
        "nets": {1: net()},
    }
    return Report(**{**values, **changes})


def pictures(*names: str) -> Pictures:
    """One wrong and one right prediction of each experiment, on one photograph."""
    photograph = Thumbnail("i00", png(np.full([40, 60, 3], 90, np.uint8)), 60, 40)
    grid = ScoreMap("its class", "class <1>", 64, 2, 3, 0.1, 0.9, overlay(np.linspace(0, 1, 6).reshape(2, 3)))
    best = (("class <2>", 0.7), ("class <1>", 0.2))
    wrong = Shown("i00", "a.jpg", "class <1>", "class <2>", False, best, 0.2, (grid,))
    right = Shown("i00", "b.jpg", "class <2>", "class <2>", True, best, 0.7, ())
    album = Album((right,), (wrong,), png(np.zeros([8, 8, 3], np.uint8)), 8, (120.0, 110.0, 100.0))
    return Pictures(dict.fromkeys(names, album), {"i00": photograph})


PAPER = PaperErrors(27.0, 8.8)
