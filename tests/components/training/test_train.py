"""A whole training as a function of plain values: 16 small photographs, one step, narrow nets."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.datasets.layouts import IMAGENET
from components.datasets.record_index import index_of
from components.recipe import Precision, TrainedLayers, TrainerConfig, Training
from components.training import train as train_module
from components.training.input_pipeline import Source, validation_crops
from components.training.train import TrainingFolders, TrainingInputs, train
from models.errors import InputError
from models.initial_weights import FROM_A
from models.net import Net
from models.vgg import build
from serving.saved_model.description import describe
from serving.saved_model.export import read_network, read_weights
from serving.saved_model.head import Head

pytestmark = pytest.mark.slow  # three whole trainings

CLASSES = ("cat", "dog", "crane")
NET = Net("A", classes=3, width=64, input_size=32)
# The step is too small to change a float32: the weights at the end are those that training began with.
TRAINING = Training(
    smallest_side=32, largest_side=48, batch=4, most_steps=1, learning_rate=1e-20, l2=0.0, seed=7
)
MEAN = np.array([90.0, 120.0, 150.0], np.float32)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> TrainingInputs:
    """Textures of 60 x 50 pixels; validation has six of them."""
    folder = tmp_path_factory.mktemp("examples")
    splits = [index_of([_write(folder / name, number)]) for name, number in (("train", 16), ("eval", 6))]
    covariance = np.diag([900.0, 400.0, 100.0])
    return TrainingInputs(*splits, IMAGENET, 16, MEAN, covariance, CLASSES)


def _write(path: Path, photographs: int) -> str:
    generator = np.random.default_rng(photographs)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for number in range(photographs):
            example = tf.train.Example()
            features = example.features.feature
            encoded = tf.io.encode_png(generator.integers(0, 256, (60, 50, 3), np.uint8)).numpy()
            features[IMAGENET.image].bytes_list.value.append(encoded)
            features[IMAGENET.label].int64_list.value.append(1 + number % 3)
            writer.write(example.SerializeToString())
    return str(path)


@pytest.fixture(scope="module")
def from_random(inputs, tmp_path_factory) -> Path:
    """The folder of a training without a base model."""
    folder = tmp_path_factory.mktemp("random")
    _trained(folder, inputs)
    return folder


@pytest.fixture(scope="module")
def base(from_random) -> str:
    """Net A of TRAINING's seed; what begins with it has another."""
    return str(from_random / "model")


def _trained(folder: Path, inputs: TrainingInputs, net: Net = NET, **changed) -> str:
    """The folder of the model."""
    folders = TrainingFolders(
        checkpoints=str(folder / "checkpoints"), model=str(folder / "model"), logs=str(folder / "run")
    )
    config = TrainerConfig(net, replace(TRAINING, **changed))
    train(config, inputs, folders, tf.distribute.MirroredStrategy(["/cpu:0"]))
    return folders.model


@pytest.fixture
def from_base(inputs, base, tmp_path, monkeypatch) -> Callable[..., tuple[dict[str, np.ndarray], Head]]:
    """Trains a net from `base` with seed 8: its kernels, and the head that it would be exported with.

    What would be exported is looked at in its place: an export takes seven seconds.
    """
    exported = []
    monkeypatch.setattr(train_module, "export", lambda model, net, head, _: exported.append((model, head)))

    def from_base(
        net: Net, names: tuple[str, ...] = CLASSES, **changed
    ) -> tuple[dict[str, np.ndarray], Head]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        _trained(folder, replace(inputs, base_model=base, class_names=names), net, seed=8, **changed)
        model, head = exported.pop()
        return _flat_kernels(model), head

    return from_base


@pytest.fixture
def kernels_of(from_base) -> Callable[[Net], dict[str, np.ndarray]]:
    return lambda net: from_base(net)[0]


def _kernels(model: str) -> dict[str, np.ndarray]:
    """Of an exported model by layer, flat: fc6 is exported as a convolution."""
    weights = read_weights(model)
    return {
        name.removesuffix("_kernel"): array.ravel()
        for name, array in weights.items()
        if name.endswith("_kernel")
    }


def _flat_kernels(net: keras.Model) -> dict[str, np.ndarray]:
    return {layer.name: layer.kernel.numpy().ravel() for layer in net.layers if layer.weights}


def _random_kernels(net: Net, seed: int) -> dict[str, np.ndarray]:
    return _flat_kernels(build(net, seed=seed))


def _same(some: dict[str, np.ndarray], others: dict[str, np.ndarray]) -> set[str]:
    """Names of the layers with the same bits in both."""
    return {name for name in some if name in others and np.array_equal(some[name], others[name])}


def test_a_net_of_the_base_models_configuration_begins_with_all_of_its_layers(kernels_of, base):
    kernels = kernels_of(NET)
    assert len(kernels) == 11
    assert _same(kernels, _kernels(base)) == set(kernels)
    assert _same(kernels, _random_kernels(NET, seed=8)) == set()


def test_a_deeper_net_begins_with_the_layers_that_the_paper_takes_from_a(kernels_of, base):
    net = replace(NET, configuration="B")
    kernels = kernels_of(net)
    assert len(kernels) == 13
    assert _same(kernels, _kernels(base)) == set(FROM_A)
    assert _same(kernels, _random_kernels(net, seed=8)) == set(kernels) - set(FROM_A)


def test_a_new_last_layer_is_for_other_classes_and_the_rest_begins_as_the_base_model(from_base, base):
    flowers = ("daisy", "dandelion", "rose", "tulip")
    net = replace(NET, classes=4)
    kernels, head = from_base(net, flowers, new_last_layer=True)
    assert _same(kernels, _kernels(base)) == set(kernels) - {"fc8"}
    assert _same(kernels, _random_kernels(net, seed=8)) == {"fc8"}
    assert head.class_names == flowers


def test_the_base_models_mean_is_subtracted_where_its_layers_are_kept_for_other_classes(
    from_base, inputs, base
):
    other = replace(inputs, mean_rgb=np.array([1.0, 2.0, 3.0], np.float32), base_model=base)
    for new, mean in ((False, (1.0, 2.0, 3.0)), (True, (90.0, 120.0, 150.0))):
        config = TrainerConfig(NET, replace(TRAINING, new_last_layer=new))
        assert train_module._mean_rgb(config, other) == mean
    assert from_base(NET, new_last_layer=True)[1].mean_rgb == (90.0, 120.0, 150.0)


@pytest.mark.parametrize(
    ("trained", "changed"),
    [
        (TrainedLayers.ALL, None),
        (TrainedLayers.FC, {"fc6", "fc7", "fc8"}),
        (TrainedLayers.LAST, {"fc8"}),
    ],
)
def test_only_the_layers_that_are_asked_for_are_trained(from_base, base, trained, changed):
    kernels, _ = from_base(NET, trained_layers=trained, learning_rate=1e-2, l2=5e-4)
    kept = _same(kernels, _kernels(base))
    assert kept == (set(kernels) - changed if changed else set())


def test_the_last_layer_has_a_rate_of_its_own(from_base, base):
    begun = _kernels(base)
    steps = {}
    for rate in (1.0, 10.0):
        kernels, _ = from_base(NET, last_layer_rate=rate, learning_rate=1e-3, l2=5e-4)
        steps[rate] = {name: kernels[name] - begun[name] for name in kernels}
    for name, step in steps[1.0].items():
        factor = 10 if name == "fc8" else 1
        assert np.abs(step).max() > 0
        # Weights of up to 1 are rounded by 6e-8, ten times that where the step is multiplied.
        np.testing.assert_allclose(steps[10.0][name], factor * step, rtol=1e-3, atol=1.5e-6)


def test_layers_that_are_not_trained_must_come_from_somewhere(inputs, tmp_path):
    with pytest.raises(InputError, match="trained_layers = last: the others would keep random weights"):
        _trained(tmp_path, inputs, trained_layers=TrainedLayers.LAST)


def test_training_in_a_precision_that_gains_nothing_says_so_first(inputs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train_module.precision_gain, "times_as_fast", lambda precision: 0.5)
    _trained(tmp_path, inputs, precision=Precision.BFLOAT16)
    assert capsys.readouterr().out.startswith("bfloat16 is 0.50 times as fast as float32")


def test_without_a_base_model_all_layers_begin_with_the_seeds_weights(from_random):
    model = str(from_random / "model")
    assert len(_same(_kernels(model), _random_kernels(NET, seed=7))) == 11
    assert list((from_random / "run/logs").iterdir())
    assert not (from_random / "checkpoints").exists()
    net, head = describe(model)
    assert net == NET
    assert head.class_names == CLASSES
    assert head.mean_rgb == (90.0, 120.0, 150.0)
    assert (head.shorter_sides, head.first_label) == ((40,), 1)


def test_progress_is_measured_at_the_middle_of_the_training_scales(from_random, inputs):
    """S in [32; 48]: validation crops are of pictures rescaled to 40."""
    found = _scalars(from_random / "run/logs")["validation/loss"]
    network, *_ = read_network(str(from_random / "model"))
    losses = {side: _loss(network, inputs, side) for side in (32, 40, 48)}
    assert found == pytest.approx(losses[40], abs=1e-5)
    assert min(abs(losses[side] - losses[40]) for side in (32, 48)) > 1e-4


def _loss(network: keras.Model, inputs: TrainingInputs, side: int) -> float:
    """Mean cross-entropy, nats, of the centre crops at this S."""
    source = Source(inputs.validation, inputs.layout)
    crops, labels = next(iter(validation_crops(source, side=side, size=32, mean_rgb=MEAN).batch(6)))
    scores = network(crops).numpy()[:, 0, 0].astype(np.float64)
    log = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return -float(np.mean(log[np.arange(6), labels.numpy()]))


def _scalars(logs: Path) -> dict[str, float]:
    (events,) = logs.glob("events.out.tfevents.*")
    return {
        value.tag: float(tf.make_ndarray(value.tensor))
        for record in tf.data.TFRecordDataset(str(events)).as_numpy_iterator()
        for value in tf.compat.v1.Event.FromString(record).summary.value
        if value.metadata.plugin_data.plugin_name == "scalars"
    }
