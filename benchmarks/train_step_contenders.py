"""What benchmarks/train_step.py runs in processes of their own: one contender, one line of JSON."""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

UNTIMED = 2
SIZE, CLASSES = 224, 1000


def _batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    crops = generator.normal(0, 60, (size, SIZE, SIZE, 3)).astype(np.float32)
    return crops, generator.integers(0, CLASSES, size)


def ours(precision: str, batch: int, steps: int, data: str) -> dict:
    """components.training.step as Loop drives it, on one random batch."""
    import tensorflow as tf

    crops, labels = _batch(batch)
    tensors = (crops, labels, np.arange(batch))
    return _ours(precision, batch, steps, tf.data.Dataset.from_tensors(tensors).repeat())


def ours_on_photographs(precision: str, batch: int, steps: int, data: str) -> dict:
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
    return _ours(precision, batch, steps, batches)


def _ours(precision: str, batch: int, steps: int, batches) -> dict:
    from components.recipe import Precision, Training
    from components.training.distribution import Workers, choose_strategy
    from components.training.step import TrainingStep
    from models.net import Net
    from models.vgg import build

    policy = Precision.FLOAT32 if precision == "float32" else Precision.BFLOAT16
    strategy = choose_strategy()
    with strategy.scope():
        model = build(Net("D"), dtype=policy.value)
        step = TrainingStep(model, Training(batch=batch, precision=policy, learning_rate=1e-4), strategy)
    iterator = iter(Workers(strategy).split(batches, batch))
    waits, times = [], []
    for number in range(UNTIMED + steps):
        start = time.perf_counter()
        crops = next(iterator)
        waits.append(time.perf_counter() - start)
        step.train(crops, number)
        times.append(time.perf_counter() - start)
    waiting = sum(waits[UNTIMED:]) / sum(times[UNTIMED:])
    return {"seconds": statistics.median(times[UNTIMED:]), "waiting": waiting, "gib": _tensorflow_gib()}


def keras_vgg16(precision: str, batch: int, steps: int, data: str) -> dict:
    """keras.applications.VGG16 under fit; XLA, which on a CPU is slower, only on a GPU."""
    import keras
    import tensorflow as tf

    keras.mixed_precision.set_dtype_policy("float32" if precision == "float32" else "mixed_bfloat16")
    strategy = tf.distribute.MirroredStrategy() if len(tf.config.list_physical_devices("GPU")) > 1 else None
    with strategy.scope() if strategy else tf.name_scope(""):
        model = keras.applications.VGG16(weights=None, classes=CLASSES)
        model.compile(
            keras.optimizers.SGD(1e-4, momentum=0.9),
            "sparse_categorical_crossentropy",
            jit_compile=bool(tf.config.list_physical_devices("GPU")),
        )
    ends = []
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter())
    )
    dataset = tf.data.Dataset.from_tensors(_batch(batch)).repeat().prefetch(2)
    model.fit(dataset, steps_per_epoch=UNTIMED + steps, epochs=1, verbose=0, callbacks=[note])
    seconds = statistics.median(np.diff(ends)[UNTIMED - 1 :])
    return {"seconds": float(seconds), "waiting": 0.0, "gib": _tensorflow_gib()}


def torch_vgg16(precision: str, batch: int, steps: int, data: str) -> dict:
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
    model = torch.nn.Sequential(*layers).to(device, memory_format=torch.channels_last)
    sgd = torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9)
    crops, labels = (torch.from_numpy(array).to(device) for array in _batch(batch))
    crops = crops.permute(0, 3, 1, 2)
    times = []
    for _ in range(UNTIMED + steps):
        start = time.perf_counter()
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            loss = torch.nn.functional.cross_entropy(model(crops).float(), labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        loss.item()  # waits for the device
        times.append(time.perf_counter() - start)
    gib = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else _resident_gib()
    return {"seconds": statistics.median(times[UNTIMED:]), "waiting": 0.0, "gib": gib}


def _tensorflow_gib() -> float:
    """Peak, of one GPU where there is one, else of the process."""
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**30
    return _resident_gib()


def _resident_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


CONTENDERS: dict[str, Callable[[str, int, int, str], dict]] = {
    "keras": keras_vgg16,
    "ours": ours,
    "ours, photographs": ours_on_photographs,
    "torch": torch_vgg16,
}

if __name__ == "__main__":
    contender, kind, images, timed, folder = sys.argv[1:]
    print(json.dumps(CONTENDERS[contender](kind, int(images), int(timed), folder)))
