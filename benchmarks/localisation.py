"""What dense localisation costs against dense classification of the same image at the same Q (appendix A).

    .venv/bin/python -m benchmarks.localisation --net D --width 4 --shorter-side 384

`classes` is the classification net on the rescaled image, `boxes` a box net by itself. Where both are asked
for, the cost is that of two nets, `apart`, unless the box net's fully connected layers alone were trained:
`shared` computes the convolutions once. `merged` is `shared` and the boxes of five classes, merged. Weights
are random: they do not change the cost. Rounds are short, and each has every contender once, in turn. To
reach: `boxes`, and `merged` too, at most 1.1 times `classes`; docs/localisation.md has what was measured.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import click
import keras
import numpy as np
import tensorflow as tf

from benchmarks.machine import machine
from components.localisation.locating_on_beam import dense_localiser
from models import images
from models.fully_convolutional import fully_convolutional
from models.localisation.dense import DenseLocaliser
from models.localisation.five_best import FIVE, box_of_class
from models.localisation.regression import Regression, box_net
from models.net import Net
from models.vgg import build
from serving.saved_model.box_model import BoxModel
from serving.saved_model.head import Head

MEAN = (120.0, 115.0, 105.0)
MOST = 1.1


@click.command(help=__doc__.partition("\n")[0])
@click.option("--net", "configuration", default="D", show_default=True)
@click.option("--width", default=4, show_default=True, help="Channels are divided by this.")
@click.option("--size", default=224, show_default=True, help="Pixels of a window.")
@click.option("--shorter-side", default=384, show_default=True, help="Q, pixels.")
@click.option("--classes", default=100, show_default=True)
@click.option("--regression", default="pcr", show_default=True, type=click.Choice(["scr", "pcr"]))
@click.option("--rounds", default=30, show_default=True)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="JSON.")
def main(configuration, width, size, shorter_side, classes, regression, rounds, out) -> None:
    """Measure, and print the ratios."""
    on = machine("tensorflow", "keras")
    click.echo(on)
    net = Net(configuration, classes=classes, width=width, input_size=size)
    image = np.random.default_rng(0).integers(0, 256, (shorter_side * 5 // 4, shorter_side, 3), np.uint8)
    calls = _contenders(net, Regression(regression), image, shorter_side)
    taken = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            begin = time.process_time(), time.monotonic()
            call()
            if number:  # the first round builds the graphs
                taken[name].append((time.process_time() - begin[0], time.monotonic() - begin[1]))
    click.echo(
        f"net {configuration}, 1/{width} of the width, Q {shorter_side}, {classes} classes, {regression}"
    )
    found = {name: _figures(each, taken["classes"]) for name, each in taken.items()}
    for name, one in found.items():
        click.echo(
            f"{name:<8} fastest {one['fastest_ms']:8.2f} ms, median {one['median_ms']:8.2f}, processor "
            f"{one['processor_ms']:8.2f}; {one['of_classes']:.3f}, {one['of_classes_median']:.3f}, "
            f"{one['of_classes_processor']:.3f}"
        )
    for name in ("boxes", "merged"):
        ratio = found[name]["of_classes_processor"]  # other work beside changes it least
        reached = "reached" if ratio <= MOST else "missed"
        click.echo(f"{name}: {ratio:.2f} times the processor time of `classes`, at most {MOST}: {reached}")
    if out:
        settings = {"net": configuration, "width": width, "size": size, "shorter_side": shorter_side}
        more = {"classes": classes, "regression": regression, "rounds": rounds}
        out.write_text(json.dumps({"machine": on, **settings, **more, "found": found}, indent=1) + "\n")


def _contenders(
    net: Net, regression: Regression, image: np.ndarray, shorter_side: int
) -> dict[str, Callable[[], object]]:
    with_boxes = box_net(net, regression)
    classifier, boxes = _network(net, seed=1), _network(with_boxes, seed=2)
    apart = _network(with_boxes, seed=3)  # other convolutions
    for layer in classifier.layers:
        if layer.name.startswith("conv"):
            boxes.get_layer(layer.name).set_weights(layer.get_weights())
    names = tuple(f"class {label}" for label in range(net.classes))
    head = Head(MEAN, names, (shorter_side,), False, "image/encoded", "image/class/label", 1)
    model = BoxModel(net, regression, head, shorter_side)
    shared, two = (dense_localiser(classifier, net, head, each, model) for each in (boxes, apart))
    return {
        "classes": _dense(classifier, image, shorter_side),
        "boxes": _dense(boxes, image, shorter_side),
        "shared": lambda: shared.windows(image, shorter_side),
        "merged": lambda: _merged(shared, image, shorter_side),
        "apart": lambda: two.windows(image, shorter_side),
    }


def _network(net: Net, seed: int) -> keras.Model:
    return fully_convolutional(build(net, seed=seed), net)


def _dense(network: keras.Model, image: np.ndarray, shorter_side: int) -> Callable[[], np.ndarray]:
    """Rescaled, the mean subtracted, through the net: as a Scorer's view of one Q without the flip."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)], autograph=False)
    def outputs(seen: tf.Tensor) -> tf.Tensor:
        rescaled = images.rescale(images.shortened(seen), tf.constant(shorter_side))
        return network(images.subtract_mean(rescaled, tf.constant(MEAN))[tf.newaxis])[0]

    return lambda: outputs(image).numpy()


def _merged(localiser: DenseLocaliser, image: np.ndarray, shorter_side: int) -> list[np.ndarray]:
    found = [localiser.windows(image, shorter_side)]
    return [box_of_class(found, label) for label in range(min(FIVE, found[0].posteriors.shape[1]))]


def _figures(taken: list[tuple[float, float]], classes: list[tuple[float, float]]) -> dict[str, float]:
    """Milliseconds, and ratios to `classes`: of the fastest, of the medians, of the processor's medians."""
    clock, of = [each[1] for each in taken], [each[1] for each in classes]
    processor, of_processor = (statistics.median(each[0] for each in one) for one in (taken, classes))
    return {
        "fastest_ms": 1000 * min(clock),
        "median_ms": 1000 * statistics.median(clock),
        "processor_ms": 1000 * processor,
        "of_classes": min(clock) / min(of),
        "of_classes_median": statistics.median(clock) / statistics.median(of),
        "of_classes_processor": processor / of_processor,
    }


if __name__ == "__main__":
    main()
