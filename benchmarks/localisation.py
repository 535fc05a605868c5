"""What dense localisation costs against dense classification of the same image at the same Q (appendix A).

    .venv/bin/python -m benchmarks.localisation --net D --width 4 --shorter-side 384

`classes` is the classification net on the rescaled image, `boxes` a box net by itself. Where both are asked
for, the cost is that of two nets, `apart`, unless the box net's fully connected layers alone were trained:
`shared` computes the convolutions once. `merged` is `shared` and the boxes of five classes, merged. Weights
are random: they do not change the cost. Rounds are short, and each has every contender once, in turn. To
reach: `boxes`, and `merged` too, at most 1.1 times `classes`; docs/localisation.md has what was measured.
"""

from collections.abc import Callable

import click
import keras
import numpy as np
import tensorflow as tf

from benchmarks.report import JSON_OPTION, reporting
from benchmarks.rounds import as_long, in_rounds, timed
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
@JSON_OPTION
def main(configuration, width, size, shorter_side, classes, regression, rounds, json_file) -> None:
    """Measure, and print the ratios."""
    settings = {"net": configuration, "width": width, "size": size, "shorter_side": shorter_side}
    more = {"classes": classes, "regression": regression, "rounds": rounds}
    with reporting("localisation", json_file, "keras", **settings, **more) as report:
        net = Net(configuration, classes=classes, width=width, input_size=size)
        shape = (shorter_side * 5 // 4, shorter_side, 3)
        image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        calls = _contenders(net, Regression(regression), image, shorter_side)
        found = in_rounds(
            {name: lambda number, call=call: timed(call) for name, call in calls.items()},
            rounds,
            after_each=report.progress,
        )
        report.rounds(found, "image")
        report.compare(*(as_long(found, name, "classes", wanted=MOST) for name in ("boxes", "merged")))
        report.compare(*(as_long(found, name, "classes") for name in ("shared", "apart")))


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


if __name__ == "__main__":
    main()
