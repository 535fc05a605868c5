"""Trains nets from several starts and says which train; benchmarks/initialisation.py prints it."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from components.datasets.example_keys import layout_of_shards
from components.datasets.record_index import index_of
from components.datasets.shards import TRAINING, VALIDATION, SplitNames, find_shards
from components.recipe import Training
from components.training.input_pipeline import Augmentation, Source, training_crops, validation_crops
from components.training.progress import RunningMean
from components.training.step import TrainingStep
from models import images
from models.errors import InputError
from models.initial_weights import FROM_A, take_weights
from models.initialisation import Initialisation
from models.net import Net
from models.pixel_moments import mean_and_covariance, pixel_moments
from models.vgg import build

RATES = (1e-2, 2.5e-3, 5e-4)  # the paper's, the demo's, a fifth of that
BATCH = 16
VANISHED = 1e-2  # standard deviation of the scores, below which a lower rate is not worth a trial
FULL_SIDE, FULL_S = 224, 256


@dataclass(frozen=True)
class Start:
    """Where a net's weights come from.

    Attributes:
        initialisation: of random kernels.
        full_gain: whether they are scaled to the gains of the full-width net.
        from_a: whether FROM_A's layers come from a trained A.
    """

    initialisation: Initialisation
    full_gain: bool = False
    from_a: bool = False

    def __str__(self) -> str:
        name = self.initialisation.value + (" x" if self.full_gain else "")
        return f"from A, {name}" if self.from_a else name


LITERAL = (Initialisation.PAPER, Initialisation.SMALL)
STARTS = (
    *(Start(initialisation) for initialisation in Initialisation),
    *(Start(initialisation, full_gain=True) for initialisation in LITERAL),
    *(Start(initialisation, from_a=True) for initialisation in LITERAL),
)


@dataclass(frozen=True)
class Trial:
    """One training: losses in nats and the error, a share in 0..1, are of the validation crops."""

    net: str
    start: str
    rate: float
    loss_before: float
    scores_before: float  # their standard deviation
    loss: float
    error: float
    blind: float  # share of fc7's outputs that are the same for all validation crops
    epochs: int
    non_finite_step: int | None
    verdict: str


@dataclass(frozen=True)
class Scale:
    """A full-width net before training: its loss in nats, and standard deviations of activations."""

    net: str
    start: str
    loss: float
    last_convolution: float
    scores: float


def starts_of(net: str) -> list[Start]:
    """A and A-LRN, which is no deeper, start from nothing but random weights."""
    return [start for start in STARTS if not (start.from_a and net.startswith("A"))]


class Pictures:
    """Crops of a data set, kept, so that all nets see the same ones."""

    def __init__(self, folder: Path, size: int, seed: int):
        self._train = _source(folder, TRAINING)
        held_out = _source(folder, VALIDATION)
        mean = _mean_rgb(self._train)
        self._augmentation = Augmentation((size, size), size, mean, None, seed)
        self._epochs: dict[int, list] = {}
        self.validation = list(validation_crops(held_out, side=size, size=size, mean_rgb=mean).batch(100))
        full_size = validation_crops(held_out, side=FULL_S, size=FULL_SIDE, mean_rgb=mean)
        self.full_size = next(iter(full_size.shard(75, 0).batch(4)))
        self.classes = 1 + max(int(tf.reduce_max(labels)) for _, labels in self.validation)

    def epoch(self, number: int) -> list:
        """Batches of crops, classes and rows."""
        if number not in self._epochs:
            crops = training_crops(self._train, self._augmentation, number)
            batches = crops.batch(BATCH, drop_remainder=True)
            self._epochs[number] = list(
                batches.map(lambda crops, labels, _: (crops, labels, tf.range(BATCH)))
            )
        return self._epochs[number]


def _source(folder: Path, split: SplitNames) -> Source:
    files = find_shards(str(folder), split)
    return Source(index_of(files), layout_of_shards(files, f"data folder {folder}"))


def _mean_rgb(source: Source) -> tuple[float, ...]:
    def moments(record):
        key = source.layout.image
        photograph = tf.io.parse_single_example(record, {key: tf.io.FixedLenFeature([], tf.string)})[key]
        return pixel_moments(images.decode(photograph))

    records = tf.data.TFRecordDataset(list(source.records.files))
    each = records.map(moments, num_parallel_calls=tf.data.AUTOTUNE)
    mean, _ = mean_and_covariance(each.reduce(tf.zeros([13], tf.float64), tf.add))
    return tuple(float(value) for value in mean)


def started(net: Net, start: Start, weights_of_a: dict | None, seed: int) -> keras.Model:
    """The training network with its first weights."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = build(net, initialisation=start.initialisation, seed=seed)
    if start.full_gain:
        for layer in (layer for layer in model.layers if layer.weights and layer.name != "conv1_1"):
            more = net.width * ((7 / net.fc6_side) ** 2 if layer.name == "fc6" else 1)
            layer.kernel.assign(layer.kernel * math.sqrt(more))
    if start.from_a:
        take_weights(model, weights_of_a, FROM_A)
    return model


def train(model: keras.Model, pictures: Pictures, rate: float, epochs: int, to_the_end: bool = False) -> dict:
    """Trains until a verdict is certain, or for `epochs`; `to_the_end` trains on after "trains"."""
    training = Training(batch=BATCH, learning_rate=rate)
    step = TrainingStep(model, training, tf.distribute.get_strategy())
    fc7 = keras.Model(model.input, model.get_layer("fc7").output)
    before = _validate(step, pictures)
    scores = float(np.std(model(pictures.validation[0][0], training=False)))
    found = {"rate": rate, "loss_before": before.mean_loss, "scores_before": scores, "non_finite_step": None}
    chance = 1 - 1 / pictures.classes
    for epoch in range(epochs):
        steps = pictures.epoch(epoch)
        done = epoch * len(steps)
        numbered = enumerate(steps, 1)
        bad = next((n for n, batch in numbered if not _finite(step, model, batch, done + n - 1)), None)
        if bad:
            lost = dict.fromkeys(("loss", "error", "blind"), math.nan)
            at = {"epochs": epoch + 1, "non_finite_step": done + bad}
            return found | lost | at | {"verdict": "diverges"}
        after = _validate(step, pictures)
        blind = _blind(fc7, pictures)
        found |= {"loss": after.mean_loss, "error": after.errors[0], "blind": blind, "epochs": epoch + 1}
        if blind == 1 or (after.errors[0] <= chance / 2 and not to_the_end):
            break
    return found | {"verdict": _verdict(before.mean_loss, after, blind, pictures.classes)}


def _finite(step: TrainingStep, model: keras.Model, batch, number: int) -> bool:
    # The loss is not enough: on a CPU ReLU makes 0 of NaN, and a net of NaN has the finite loss ln(classes).
    _, (loss, *_) = step.train(batch, number)
    sums = tf.stack([tf.reduce_sum(variable.value) for variable in model.trainable_variables])
    return math.isfinite(loss) and bool(tf.reduce_all(tf.math.is_finite(sums)))


def _blind(fc7: keras.Model, pictures: Pictures) -> float:
    outputs = np.concatenate([fc7(crops, training=False) for crops, _ in pictures.validation])
    return float(np.mean(np.ptp(outputs, axis=0) <= 1e-6 * np.max(np.abs(outputs), axis=0)))


def _validate(step: TrainingStep, pictures: Pictures) -> RunningMean:
    held_out = RunningMean()
    for batch in pictures.validation:
        count, sums = step.validate(batch)
        held_out.add(count, *sums)
    return held_out


def _verdict(before: float, after: RunningMean, blind: float, classes: int) -> str:
    if after.errors[0] <= (1 - 1 / classes) / 2:
        return "trains"
    if blind == 1:
        return "stalls, blind"
    if abs(after.mean_loss / math.log(classes) - 1) <= 0.02:
        return "stalls"
    return "diverges" if after.mean_loss > before else "slow"


def trials(
    nets: list[str], pictures: Pictures, width: int, size: int, epochs: int, seed: int, rates=RATES
) -> Iterator[Trial]:
    """For each net and start a Trial at each rate, until one trains; A first where others start from it."""

    def net(name: str) -> Net:
        return Net(name, classes=pictures.classes, width=width, input_size=size)

    weights_of_a = None
    for name, start in ((each, start) for each in nets for start in starts_of(each)):
        if start.from_a and weights_of_a is None:
            weights_of_a = _trained_a(net("A"), pictures, epochs, seed)
        for rate in rates:
            found = train(started(net(name), start, weights_of_a, seed), pictures, rate, epochs)
            yield Trial(net=name, start=str(start), **found)
            if found["verdict"] == "trains" or found["scores_before"] < VANISHED:
                break


def _trained_a(net: Net, pictures: Pictures, epochs: int, seed: int) -> dict[str, np.ndarray]:
    """A from Glorot's weights, for all the epochs, at the first rate that trains it."""
    for rate in RATES:
        model = started(net, Start(Initialisation.GLOROT), None, seed)
        if train(model, pictures, rate, epochs, to_the_end=True)["verdict"] == "trains":
            layers = [model.get_layer(name) for name in FROM_A]
            return {f"{layer.name}_{v.name}": v.numpy() for layer in layers for v in layer.weights}
    raise InputError(f"net A: does not train within {epochs} epochs, and others start from it; add epochs")


def scales(nets: list[str], pictures: Pictures, seed: int) -> Iterator[Scale]:
    """Full-width nets with 1000 classes, before training, on four crops."""
    crops, labels = pictures.full_size
    for name, initialisation in itertools.product(nets, Initialisation):
        model = started(Net(name), Start(initialisation), None, seed)
        last = [layer.output for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-1]
        activations, scores = keras.Model(model.input, [last, model.output])(crops, training=False)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
        figures = (float(value) for value in (np.mean(loss), np.std(activations), np.std(scores)))
        yield Scale(name, initialisation.value, *figures)
