"""What benchmarks/train_step.py lets take turns, each in a process of its own: one step of net D a turn."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.turns import Turns, resident_gib

SIZE, CLASSES = 224, 1000
RATE, MOMENTUM, L2 = 1e-4, 0.9, 5e-4
PRODUCT_SIDE, PRODUCTS = 4096, 4


def _batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    crops = generator.normal(0, 60, (size, SIZE, SIZE, 3)).astype(np.float32)
    return crops, generator.integers(0, CLASSES, size)


def ours(precision: str, batch: int, data: str) -> None:
    """components.training.step as Loop drives it, on one random batch."""
    import tensorflow as tf

    crops, labels = _batch(batch)
    tensors = (crops, labels, np.arange(batch))
    _ours(precision, batch, tf.data.Dataset.from_tensors(tensors).repeat())


def ours_on_photographs(precision: str, batch: int, data: str) -> None:
    """The same on crops as the Trainer reads them; `data` is a folder of `vgg data folders`."""
    import tensorflow as tf

    from components.datasets.layouts import IMAGENET
    from components.datasets.record_index import index_of
    from components.training.input_pipeline import Augmentation, Source, training_crops

    source = Source(index_of(sorted(map(str, Path(data).glob("train-*")))), IMAGENET)
    colours = np.diag([5.0, 1.0, 0.5]).astype(np.float32)
    augmentation = Augmentation((256, 512), SIZE, (123.0, 117.0, 104.0), colours, seed=0)
    crops = training_crops(source, augmentation, 0).repeat()
    batches = crops.batch(batch, drop_remainder=True).map(
        lambda crops, labels, _: (crops, labels, tf.range(batch))
    )
    _ours(precision, batch, batches)


def _ours(precision: str, batch: int, batches) -> None:
    import time

    from components.recipe import Precision, Training
    from components.training.distribution import Workers, choose_strategy
    from components.training.step import TrainingStep
    from models.net import Net
    from models.vgg import build

    turns = Turns(_gib)
    policy = Precision.FLOAT32 if precision == "float32" else Precision.BFLOAT16
    strategy = choose_strategy()
    with strategy.scope():
        model = build(Net("D"), dtype=policy.value)
        training = Training(batch=batch, precision=policy, learning_rate=RATE, momentum=MOMENTUM, l2=L2)
        step = TrainingStep(model, training, strategy)
    iterator, number = iter(Workers(strategy).split(batches, batch)), 0
    while True:
        turns.begin()
        start = time.perf_counter()
        crops = next(iterator)
        waited = time.perf_counter() - start
        step.train(crops, number)
        turns.end(waited=waited)
        number += 1


def forward(precision: str, batch: int, data: str) -> None:
    """Of our net, with dropout: the loss."""
    _part(precision, batch, lambda loss, variables: [loss()])


def gradients(precision: str, batch: int, data: str) -> None:
    """Of our net: the loss and its gradients, which nothing is done with."""
    import tensorflow as tf

    def both(loss, variables):
        with tf.GradientTape() as tape:
            value = loss()
        found = tape.gradient(value, [variable.value for variable in variables])
        return [value, *(tf.reshape(gradient, [-1])[0] for gradient in found)]  # or they are left out

    _part(precision, batch, both)


def _part(precision: str, batch: int, compute: Callable) -> None:
    import tensorflow as tf

    from models.dropout import NetWithDropout
    from models.net import Net
    from models.vgg import build

    turns = Turns(_gib)
    model = build(Net("D"), dtype="float32" if precision == "float32" else "mixed_bfloat16")
    with_dropout = NetWithDropout(model, share=0.5, batch=batch, seed=0)
    crops, labels = (tf.constant(array) for array in _batch(batch))

    @tf.function(autograph=False)
    def run(crops, labels, step):
        def loss():
            scores = tf.cast(with_dropout(crops, tf.range(batch), step), tf.float32)
            return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))

        return compute(loss, model.trainable_variables)

    number = 0
    while True:
        turns.begin()
        _ = [value.numpy() for value in run(crops, labels, tf.constant(number, tf.int64))]
        turns.end()
        number += 1


def keras_vgg16(precision: str, batch: int, data: str) -> None:
    """keras.applications.VGG16 under fit; XLA, which on a CPU is slower, only on a GPU."""
    _keras(precision, batch, penalty=False)


def keras_with_penalty(precision: str, batch: int, data: str) -> None:
    """The same with dropout, and with the L2 penalty on each kernel as Keras has it: in the loss."""
    _keras(precision, batch, penalty=True)


def _keras(precision: str, batch: int, *, penalty: bool) -> None:
    import keras
    import tensorflow as tf

    turns = Turns(_gib)
    keras.mixed_precision.set_dtype_policy("float32" if precision == "float32" else "mixed_bfloat16")
    strategy = tf.distribute.MirroredStrategy() if len(tf.config.list_physical_devices("GPU")) > 1 else None
    with strategy.scope() if strategy else tf.name_scope(""):
        model = keras.applications.VGG16(weights=None, classes=CLASSES)
        if penalty:
            model = keras.models.clone_model(model, call_function=_penalised, clone_function=_with_penalty)
        model.compile(
            keras.optimizers.SGD(RATE, momentum=MOMENTUM),
            "sparse_categorical_crossentropy",
            jit_compile=bool(tf.config.list_physical_devices("GPU")),
        )
    turn = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: turns.begin(),
        on_train_batch_end=lambda batch, logs: turns.end(),
    )
    dataset = tf.data.Dataset.from_tensors(_batch(batch)).repeat().prefetch(2)
    model.fit(dataset, steps_per_epoch=sys.maxsize, epochs=1, verbose=0, callbacks=[turn])


def _with_penalty(layer):
    import keras

    config = layer.get_config()
    if hasattr(layer, "kernel_regularizer"):
        config["kernel_regularizer"] = keras.regularizers.L2(L2 / 2)
    return type(layer).from_config(config)


def _penalised(layer, *arguments, **keywords):
    import keras

    outputs = layer(*arguments, **keywords)
    if layer.name in ("fc1", "fc2"):
        return keras.layers.Dropout(0.5, seed=0)(outputs)
    return outputs


def torch_vgg16(precision: str, batch: int, data: str) -> None:
    """The same layers as Keras's, on the GPU where there is one."""
    import torch

    layers, channels = [], 3
    for wide, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            layers += [torch.nn.Conv2d(channels, wide, 3, padding=1), torch.nn.ReLU()]
            channels = wide
        layers.append(torch.nn.MaxPool2d(2))
    layers += [torch.nn.Flatten(), torch.nn.Linear(25088, 4096), torch.nn.ReLU()]
    layers += [torch.nn.Linear(4096, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, CLASSES)]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    turns = Turns(lambda: torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else resident_gib())
    model = torch.nn.Sequential(*layers).to(device, memory_format=torch.channels_last)
    sgd = torch.optim.SGD(model.parameters(), RATE, momentum=MOMENTUM)
    crops, labels = (torch.from_numpy(array).to(device) for array in _batch(batch))
    crops = crops.permute(0, 3, 1, 2)
    while True:
        turns.begin()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            loss = torch.nn.functional.cross_entropy(model(crops).float(), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        loss.item()  # waits for the device
        turns.end()


def product(precision: str, batch: int, data: str) -> None:
    """PRODUCTS matrix products of PRODUCT_SIDE: the peak that nets can come near."""
    import tensorflow as tf

    turns = Turns(_gib)
    left, right = (
        tf.cast(tf.random.stateless_normal([PRODUCT_SIDE] * 2, [seed, 0]), precision) for seed in range(2)
    )
    while True:
        turns.begin()
        for _ in range(PRODUCTS):
            tf.matmul(left, right)[0, 0].numpy()
        turns.end()


def _gib() -> float:
    """Peak, of one GPU where there is one, else of the process."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30
    return resident_gib()


CONTENDERS: dict[str, Callable[[str, int, str], None]] = {
    "keras": keras_vgg16,
    "keras, L2 and dropout": keras_with_penalty,
    "ours": ours,
    "ours, photographs": ours_on_photographs,
    "our forward": forward,
    "our gradients": gradients,
    "torch": torch_vgg16,
    "matrix product": product,
}

if __name__ == "__main__":
    contender, kind, images, folder = sys.argv[1:]
    CONTENDERS[contender](kind, int(images), folder)
