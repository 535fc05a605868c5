"""Localisation (appendix A): rows of Tables 8 and 9, and the demo with boxes.

Classes come from the experiment's own classification net, and boxes from a net that begins with it.

demo-boxes: `VGG_EXPERIMENT=demo-boxes make demo`. The demo and a box net on it: 6 minutes more;
    test 1's error 0.3 %, top-5 localisation error 14.3 % (2026-11-28).
demo-boxes-merged: the same, with the boxes of a second net, small-boxes, merged with its own: Table 9's last
    row in miniature. It also trains small-A-64 and its box net.
loc-D-256, loc-D-384, loc-D-384-multiscale, loc-D-merged: Table 9; top-5 localisation error 29.5, 28.2, 27.5
    and 26.9 % of the validation images of ILSVRC; the last merges the boxes of two nets.
    `VGG_DATA=ILSVRC VGG_EXPERIMENT=loc-D-256 vgg run`; weeks on one GPU.
loc-D-384-scr-fc, loc-D-384-pcr-fc: Table 8 beside loc-D-384; test 1's error 36.4 and 34.3 %, and 33.1.
"""

import dataclasses
from collections.abc import Mapping

from components.localisation.box_recipe import BoxEvaluation, Localisation
from components.recipe import TrainedLayers, Training
from models.localisation.regression import Regression
from pipeline.experiments.experiment import Experiment
from pipeline.experiments.paper_experiments import paper_experiments
from pipeline.experiments.small import CHAIN_IN_MINIATURE, DEMO

FIRST_RATE = 1e-3
"""Appendix A; the last layer begins with random weights, at the same rate."""


def localisation_experiments() -> tuple[Experiment, ...]:
    """All of them."""
    nets = paper_experiments()
    every, fc = TrainedLayers.ALL, TrainedLayers.FC
    per_class, shared = Regression.PER_CLASS, Regression.SHARED
    return (
        _demo(DEMO, "demo-boxes", "the demo, and a box for each of the five best classes (appendix A)"),
        _demo(
            CHAIN_IN_MINIATURE[0], "small-boxes", "small-A-64, and a box for each of the five best classes"
        ),
        _demo(DEMO, "demo-boxes-merged", "demo-boxes, with the boxes of small-boxes merged", "small-boxes"),
        _row("loc-D-256", nets["D-256"], (256,), every, per_class, "Table 9 of the paper: 29.5 %"),
        _row("loc-D-384", nets["D-384"], (384,), every, per_class, "Tables 8 and 9: 33.1 and 28.2 %"),
        _row("loc-D-384-multiscale", nets["D-384"], (352, 384), every, per_class, "Table 9: 27.5 %"),
        _merged(nets, every, per_class),
        _row("loc-D-384-scr-fc", nets["D-384"], (384,), fc, shared, "Table 8: 36.4 %"),
        _row("loc-D-384-pcr-fc", nets["D-384"], (384,), fc, per_class, "Table 8: 34.3 %"),
    )


def _merged(nets: Mapping[str, Experiment], layers: TrainedLayers, regression: Regression) -> Experiment:
    """The last row of Table 9: 256 at 256 and 384 at {352, 384}, their boxes merged."""
    summary = "Table 9, two box nets: 26.9 %"
    row = _row("loc-D-merged", nets["D-384"], (352, 384), layers, regression, summary)
    localisation = dataclasses.replace(row.localisation, merged_with="loc-D-256")
    return dataclasses.replace(row, localisation=localisation)


def _row(
    name: str,
    of: Experiment,
    shorter_sides: tuple[int, ...],
    layers: TrainedLayers,
    regression: Regression,
    summary: str,
) -> Experiment:
    """As classification of the same S, without scale jittering, and with another loss."""
    training = dataclasses.replace(
        of.config.training, learning_rate=FIRST_RATE, trained_layers=layers, new_last_layer=True
    )
    return dataclasses.replace(
        of,
        name=name,
        summary=f"{summary} localisation error on ImageNet",
        paper=None,
        localisation=Localisation(training, BoxEvaluation(shorter_sides), regression),
    )


def _demo(of: Experiment, name: str, summary: str, merged_with: str = "") -> Experiment:
    training = Training(
        smallest_side=64,
        largest_side=64,
        batch=16,
        most_epochs=25,
        drops=(17, 22),
        # Boxes differ by tenths of the crop's side, and gradients with them. A rate of 0.02 diverged; with
        # half of the outputs dropped, as for classes, the boxes were all about the same.
        learning_rate=1e-2,
        dropout=0.0,
        new_last_layer=True,
    )
    localisation = Localisation(training, BoxEvaluation((64,)), merged_with=merged_with)
    return dataclasses.replace(of, name=name, summary=summary, localisation=localisation)
