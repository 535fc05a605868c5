"""The model card of one experiment: sections of plain lines, for Markdown and for the page."""

from dataclasses import dataclass

from components.evaluation.tfma_results import Measured
from components.localisation.metrics import CENTRAL, TOP5
from components.recipe import TrainedLayers
from models.protocols import Method
from pipeline.report.figures import ExperimentFigures, NetFigures, Report

WORST_CLASSES = 5
NAMES = 20


@dataclass(frozen=True)
class Part:
    """A heading and its sentences."""

    title: str
    lines: tuple[str, ...]


def model_card(found: ExperimentFigures, report: Report) -> tuple[Part, ...]:
    """What the model is for, what it was made of, how good it is, and where that ends."""
    nets = [report.nets[id_] for id_ in found.nets]
    return (
        Part("Model", _model(found, nets)),
        Part("Intended use", _use(found)),
        Part("Data", _data(found)),
        Part("Metrics", _metrics(found)),
        Part("Limits", _limits(found, nets)),
    )


def as_markdown(name: str, parts: tuple[Part, ...]) -> str:
    """The card as a file."""
    blocks = [f"# Model card: {name}"]
    for part in parts:
        blocks.append(f"## {part.title}")
        blocks.append("\n".join(f"- {line}" for line in part.lines))
    return "\n\n".join(blocks) + "\n"


def in_per_cent(measured: Measured) -> str:
    """12.3 % [10.1, 14.5]: the value and its 95 % interval."""
    return f"{100 * measured.value:.1f} % {interval(measured)}".rstrip()


def interval(measured: Measured) -> str:
    """[10.1, 14.5] in per cent, "" without one. The bootstrap's may reach beyond 0 or 1."""
    bounds = measured.interval_of_share
    return f"[{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]" if bounds else ""


def _model(found: ExperimentFigures, nets: list[NetFigures]) -> tuple[str, ...]:
    lines = [f"Experiment {found.name}: {found.summary}" if found.summary else f"Experiment {found.name}"]
    svm = [net for net in nets if net.recipe.get("trained layers") == TrainedLayers.SVM.value]
    at = "" if svm else f"trained at S = {found.s}, "
    lines.append(f"Net {found.net} of Simonyan & Zisserman 2014, {at}{found.classes} classes.")
    for net in nets:
        start = f"the weights of {net.starts_from}" if net.starts_from else "random weights"
        if net in svm:
            lines.append(
                f"{net.weights}: {start}, and as the last layer a linear SVM on their descriptors, seed "
                f"{net.seed}. The posteriors are the soft-max of the SVM's scores; nothing made them "
                "probabilities."
            )
        else:
            lines.append(f"{net.weights}: {len(net.epochs)} epochs from {start}, seed {net.seed}.")
    commit = f", commit {found.identity.commit}" if found.identity else ""
    lines.append(f"Run {found.run}, finished {found.finished}{commit}.")
    return tuple(lines)


def _use(found: ExperimentFigures) -> tuple[str, ...]:
    names = [row.name for row in found.by_class]
    listed = ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")
    return (
        f"Names the class of a photograph that shows one of: {listed}.",
        f"Tested {found.method} at Q = {', '.join(map(str, found.q))}"
        f"{', posteriors averaged with those of the flip' if found.flip else ''}.",
        "Not for photographs of anything else: the posteriors sum to 1 over these classes whatever is shown.",
        "Not for decisions about people: nothing of that kind was measured.",
    )


def _data(found: ExperimentFigures) -> tuple[str, ...]:
    counts = ", ".join(f"{split} {images}" for split, images in found.data.images.items())
    fingerprint = " ; ".join(found.data.fingerprint.split("\n"))
    return (
        f"Images: {counts}; read from {found.data.folder}.",
        f"Fingerprint (TFX): {fingerprint}.",
        f"{found.undecodable} of {found.images} validation images did not decode; they count as errors.",
    )


def _metrics(found: ExperimentFigures) -> tuple[str, ...]:
    overall = found.overall
    worst = sorted(found.by_class, key=lambda row: (-row.top1.value, row.name))[:WORST_CLASSES]
    classes = "; ".join(f"{row.name} {in_per_cent(row.top1)}" for row in worst)
    return (
        f"Top-1 error {in_per_cent(overall.top1_error)}, top-5 error {in_per_cent(overall.top5_error)}, of "
        f"{found.images} validation images; in brackets 95 % intervals (Poisson bootstrap over images).",
        f"Cross-entropy {overall.cross_entropy.value:.3f} nats; expected calibration error "
        f"{in_per_cent(overall.expected_calibration_error)}.",
        f"Worst classes, top-1 error: {classes}.",
        *_of_boxes(found),
        *_of_the_pushed_model(found),
    )


def _of_boxes(found: ExperimentFigures) -> tuple[str, ...]:
    boxes = found.localisation
    if not boxes:
        return ()
    central, top5 = (in_per_cent(boxes.metrics[name]) for name in (CENTRAL, TOP5))
    return (
        f"Boxes, of {boxes.images} images that have a true one: top-5 localisation error {top5} (a class of "
        f"five, and its box with an intersection over union above 0.5); of the box alone, from the central "
        f"crop, {central}.",
    )


def _of_the_pushed_model(found: ExperimentFigures) -> tuple[str, ...]:
    """What the errors do not say of the model that is pushed, where it answers otherwise than was tested."""
    dense = Method.DENSE.value
    if not found.pushed or found.method == dense:
        return ()
    own = next((figure for figure in found.averages if figure.name == dense), None)
    measured = f"its top-1 error is {in_per_cent(own.top1_error)}" if own else "its own were not measured"
    return (
        f"These are not the pushed model's errors: it was tested {found.method} and answers densely at the "
        f"same Q; {measured}.",
    )


def _limits(found: ExperimentFigures, nets: list[NetFigures]) -> tuple[str, ...]:
    lines = [
        "The intervals are over images of this validation set: another training run (seed) differs besides.",
        "Of a class with few images the interval is wide, and without any error it is empty: of n images "
        "without an error the true error may still be as high as about 3/n.",
        "Robustness to damaged, adversarial or shifted images, and fairness, were not measured.",
    ]
    svm = TrainedLayers.SVM.value
    if any(net.recipe.get("drops") == "()" and net.recipe.get("trained layers") != svm for net in nets):
        lines.insert(
            1,
            "The validation images also decided when the learning rate dropped and training ended, so these "
            "errors are somewhat lower than those of images never used.",
        )
    if found.images < 1000:
        lines.append(f"{found.images} validation images are few: differences of some per cent are chance.")
    return tuple(lines)
