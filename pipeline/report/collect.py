"""From a home folder to the report's figures."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from itertools import combinations
from pathlib import Path

import numpy as np

from components.evaluation.averaging_plan import AVERAGE
from components.evaluation.metrics import CALIBRATION_BINS
from components.evaluation.tfma_results import Figure, read_figures
from models.errors import InputError
from models.label_space import LabelSpace, compare_models
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.report import identity, learning, naming
from pipeline.report.alterations import alteration, of_its_base
from pipeline.report.evaluated import Evaluated, Home, TrainedNet
from pipeline.report.figures import (
    CalibrationBin,
    ClassFigures,
    Confusion,
    ExperimentFigures,
    NetFigures,
    Pair,
    Report,
)
from pipeline.report.localisation import localisation_figures, localisation_tables
from pipeline.report.predictions import Summary, read_predictions, summarise
from pipeline.report.significance import TEST, holm, paired
from pipeline.report.tables import FEWEST_CLASSES, miniatures, other_systems, paper_errors, tables
from serving.saved_model.description import describe

MOST_CONFUSIONS = 20
ERRORS = ("top-1", "top-5")


def summaries(home: Home) -> dict[str, Summary]:
    """What remains of each experiment's predictions, by its name."""
    return {one.experiment: summarise(read_predictions(one.predictions)) for one in home.experiments}


def collect(environment: Environment, home: Home, found: Mapping[str, Summary], folder: Path) -> Report:
    """All figures of a home folder; `folder` is where the report lies, and what was written down of runs."""
    spaces = {one.experiment: label_space(one, home) for one in home.experiments}
    experiments = {
        one.experiment: _experiment(one, home, found[one.experiment], folder) for one in home.experiments
    }
    return Report(
        home=str(environment.home),
        written=_time(datetime.now(timezone.utc).timestamp()),
        writer=identity.this_process(),
        experiments=tuple(experiments.values()),
        tables=tables(experiments),
        miniatures=miniatures(experiments),
        other_systems=other_systems(experiments),
        pairs=pairs(experiments, found, spaces),
        test=TEST,
        left_out=home.left_out,
        nets={id_: _net(net, home) for id_, net in sorted(home.nets.items())},
        localisation_tables=localisation_tables(
            {name: one.localisation for name, one in experiments.items() if not one.altered}
        ),
    )


def class_names(one: Evaluated, home: Home, summary: Summary, classes: int) -> tuple[str, ...]:
    """By label; of the net where it can be read, as a class may have no validation image."""
    for id_ in one.nets:
        try:
            return describe(home.nets[id_].model)[1].unique_names
        except InputError:
            continue
    return tuple(summary.class_names.get(label, f"class {label}") for label in range(classes))


def label_space(one: Evaluated, home: Home) -> LabelSpace | None:
    """Of an experiment's nets, which all have the same; None where none can be read."""
    for id_ in one.nets:
        try:
            return describe(home.nets[id_].model)[1].label_space
        except InputError:
            continue
    return None


def confusions(summary: Summary, names: tuple[str, ...]) -> tuple[Confusion, ...]:
    """Those that happen most; of equally many in the order of their labels."""
    ranked = sorted(summary.confusions.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Confusion(names[true], names[other], count, count / summary.images[true])
        for (true, other), count in ranked[:MOST_CONFUSIONS]
    )


def calibration(bins: np.ndarray) -> tuple[CalibrationBin, ...]:
    """The reliability diagram of bins float64 [15, 3]; those without images are left out."""
    width = 1 / CALIBRATION_BINS
    return tuple(
        CalibrationBin(
            number * width, (number + 1) * width, round(images), confidence / images, right / images
        )
        for number, (images, confidence, right) in enumerate(bins.tolist())
        if images
    )


def pairs(
    experiments: Mapping[str, ExperimentFigures],
    found: Mapping[str, Summary],
    spaces: Mapping[str, LabelSpace | None],
) -> tuple[Pair, ...]:
    """Each two experiments on the same images, with the same classes where these are known, the one that this
    project lists first as the first: top-1 errors before top-5, the clearest first. With five classes or
    fewer there is no top-5 error to test.
    """
    order = {name: place for place, name in enumerate(EXPERIMENTS)}
    listed = sorted(experiments.values(), key=lambda one: (order.get(one.name, len(order)), one.name))
    alike = [
        (first, second)
        for first, second in combinations(listed, 2)
        if found[first.name].same_images(found[second.name])
        and _same_classes(spaces.get(first.name), spaces.get(second.name))
    ]
    several = [pair for pair in alike if min(one.classes for one in pair) >= FEWEST_CLASSES]
    tested = [*_tested("top-1", alike, found), *_tested("top-5", several, found)]
    return tuple(sorted(tested, key=lambda pair: (pair.error, pair.p)))


def _same_classes(first: LabelSpace | None, second: LabelSpace | None) -> bool:
    if first is None or second is None:
        return True
    try:
        compare_models(first, second, what="", do="", whose="")
    except InputError:
        return False
    return True


def _tested(error: str, several: list[tuple], found: Mapping[str, Summary]) -> Iterator[Pair]:
    column = ERRORS.index(error)
    results = [paired(found[a.name].wrong[:, column], found[b.name].wrong[:, column]) for a, b in several]
    corrected = holm([result.p for result in results])
    for (first, second), result, p_holm in zip(several, results, corrected, strict=True):
        yield Pair(
            error=error,
            first=first.name,
            second=second.name,
            images=first.images,
            difference=(result.only_first - result.only_second) / first.images,
            only_first=result.only_first,
            only_second=result.only_second,
            p=result.p,
            p_holm=p_holm,
            paper=_difference_in_the_paper(first, second, error),
        )


def _difference_in_the_paper(first: ExperimentFigures, second: ExperimentFigures, error: str) -> float | None:
    if not (first.paper and second.paper):
        return None
    attribute = error.replace("-", "")
    return round(getattr(first.paper, attribute) - getattr(second.paper, attribute), 1)


def _experiment(one: Evaluated, home: Home, summary: Summary, folder: Path) -> ExperimentFigures:
    entry = EXPERIMENTS.get(one.experiment)
    if entry:
        entry = of_its_base(entry, one.nets, home.nets)
    figures = read_figures(one.evaluation)
    overall = tuple(figure for figure in figures if not figure.of_class)
    by_class = tuple(_class(figure) for figure in figures if figure.of_class and figure.name == AVERAGE)
    classes = len(summary.worst[0].posteriors) if summary.worst else len(by_class)
    names = class_names(one, home, summary, classes)
    _check(one, summary, overall[-1])
    return ExperimentFigures(
        name=one.experiment,
        summary=entry.summary if entry else "",
        net=naming.net_of(entry) if entry else naming.net_of_run(one, home),
        s=naming.scales_of(entry) if entry else naming.scales_of_run(one, home),
        q=tuple(sorted({view.shorter_side for view in one.views})),
        method=" & ".join(sorted({view.method.value for view in one.views})),
        flip=all(group.flip for group in one.groups),
        paper=paper_errors(entry) if entry else None,
        miniature_of=naming.original_of(entry) if entry else "",
        altered=alteration(one, home.nets, entry),
        images=overall[-1].images,
        classes=classes,
        averages=overall,
        by_class=by_class,
        confusions=confusions(summary, names),
        calibration=calibration(summary.bins),
        undecodable=summary.undecodable,
        nets=one.nets,
        data=one.data,
        run=one.run,
        finished=_time(one.finished),
        steps=one.steps,
        identity=identity.recall(folder, one.run),
        pushed=one.pushed,
        card=f"model_card_{one.experiment}.md",
        localisation=localisation_figures(one.localised, entry) if one.localised else None,
    )


def _check(one: Evaluated, summary: Summary, overall: Figure) -> None:
    """The pairs and confusions are counted here, the errors by TFMA: both of the same records."""
    counted = int(summary.wrong[:, 0].sum())
    if len(summary.wrong) != overall.images or round(overall.top1_error.value * overall.images) != counted:
        raise InputError(
            f"experiment {one.experiment}: {counted} top-1 errors of {len(summary.wrong)} images in "
            f"{one.predictions}, {overall.top1_error.value:.4f} of {overall.images} in {one.evaluation}; "
            "expected the same ones; run the experiment again"
        )


def _class(figure: Figure) -> ClassFigures:
    return ClassFigures(figure.of_class, figure.images, figure.top1_error, figure.top5_error)


def _net(net: TrainedNet, home: Home) -> NetFigures:
    epochs = learning.read_epochs(net.logs)
    training = net.config.training if net.config else None
    return NetFigures(
        weights=net.weights,
        starts_from=home.nets[net.base].weights if net.base else net.init_from,
        seed=training.seed if training else None,
        recipe=_recipe(net),
        seconds=net.seconds,
        epochs=epochs,
        drops=learning.drops(epochs),
    )


def _recipe(net: TrainedNet) -> dict[str, str]:
    if net.config is None:
        return {}
    values = {**vars(net.config.net), **vars(net.config.training)}
    return {name.replace("_", " "): str(getattr(value, "value", value)) for name, value in values.items()}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
