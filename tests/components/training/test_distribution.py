"""One training on one device, on two and four, and in two processes: the same weights, losses, checkpoints.

Dropout is on, with the paper's share of a half.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.training.distribution import choose_strategy
from models.errors import InputError

# Trains a narrow net on batches of five, which neither four devices nor two processes share evenly, and
# writes its first and last weights. SIGTERM comes to worker `stopped` as its second epoch begins. Every
# second place in the data is empty, as where images do not decode. Validation has one image more than a
# batch: one replica has none of it.
SCRIPT = """
import json, os, signal, sys
import numpy as np
import tensorflow as tf
folder, out = sys.argv[1:3]
devices, stopped = map(int, sys.argv[3:])
epochs, steps = 3, 2
cpus = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpus[0], [tf.config.LogicalDeviceConfiguration()] * devices)
from components.training.distribution import choose_strategy
strategy = choose_strategy()
worker = json.loads(os.environ.get("TF_CONFIG", '{"task": {"index": 0}}'))["task"]["index"]
from components.recipe import Training
from components.training.loop import Data, Loop
from components.training.step import TrainingStep
from models.errors import Preempted
from models.net import Net
from models.vgg import build

generator = np.random.default_rng(0)
crops = generator.normal(0, 2, (epochs, 5 * steps, 32, 32, 3)).astype(np.float32)
labels = generator.integers(0, 3, (epochs, 5 * steps))

def epoch(number, first):
    places = np.arange(5 * steps) * 2
    of_epoch = (tf.gather(crops, number), tf.gather(labels, number), places)
    dataset = tf.data.Dataset.from_tensor_slices(of_epoch)
    return dataset.filter(lambda crop, label, place: place >= first)

def trained(self, batch, step, train=TrainingStep.train):
    if step == steps and worker == stopped:
        os.kill(os.getpid(), signal.SIGTERM)
    return train(self, batch, step)

TrainingStep.train = trained
with strategy.scope():
    model = build(Net("A", classes=3, width=16, input_size=32), seed=1)
    training = Training(most_epochs=epochs, drops=(99,), batch=5, learning_rate=0.02, l2=0.05)
    loop = Loop(model, training, strategy)
first = model.get_weights()
validation = tf.data.Dataset.from_tensor_slices((crops[0], labels[0])).repeat().take(6)
try:
    loop.run(Data(epoch, validation, 5 * steps), folder)
except Preempted as preempted:
    print(preempted)
    sys.exit(75)
np.savez(out, *first, *model.get_weights())
print("REPLICAS", strategy.num_replicas_in_sync)
"""
NOBODY = -1


def _start(arguments: list, config: dict | None = None) -> subprocess.Popen:
    environment = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    if config:
        environment |= {"TF_CONFIG": json.dumps(config), "TF_GRPC_REUSE_PORT": "true"}
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def _run_one(folder: Path, devices: int) -> tuple[list, list]:
    """First and last weights."""
    process = _start([folder, folder / "weights.npz", devices, NOBODY])
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors[-3000:]
    assert f"REPLICAS {devices}" in out
    return _weights(folder / "weights.npz")


def _run_two(folder: Path, stopped: int = NOBODY) -> list[tuple[int, str]]:
    """Status and output of two workers with the same checkpoint folder, weights in 0.npz and 1.npz."""
    with ExitStack() as kept:
        addresses = [kept.enter_context(_port()) for _ in range(2)]
        return _run_workers(folder, addresses, stopped)


@contextmanager
def _port() -> Iterator[str]:
    """An address that is nobody else's until the end: it is kept, and the worker shares it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


def _run_workers(folder: Path, addresses: list[str], stopped: int) -> list:
    processes = [
        _start(
            [folder, folder / f"{index}.npz", 1, stopped],
            {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}},
        )
        for index in (0, 1)
    ]
    try:
        ends = [process.communicate(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, ends, strict=True):
        assert process.returncode in (0, 75), errors[-3000:]
    return [(process.returncode, out) for process, (out, _) in zip(processes, ends, strict=True)]


def _weights(file: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    arrays = np.load(file)
    every = [arrays[f"arr_{number}"] for number in range(len(arrays.files))]
    return every[: len(every) // 2], every[len(every) // 2 :]


def _losses(folder: Path) -> list[float]:
    """Of each epoch, as TensorBoard shows them: exactly one process writes an epoch."""
    found = {}
    for events in (folder / "logs").glob("events.out.tfevents.*"):
        for record in tf.data.TFRecordDataset(str(events)).as_numpy_iterator():
            event = tf.compat.v1.Event.FromString(record)
            for value in event.summary.value:
                if value.tag == "train/loss":
                    assert event.step not in found
                    found[event.step] = float(tf.make_ndarray(value.tensor))
    return [found[step] for step in sorted(found)]


def _apart(weights: list[np.ndarray], others: list[np.ndarray]) -> list[float]:
    return [np.abs(a - b).max() for a, b in zip(weights, others, strict=True)]


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> Path:
    """The folder of a training on one device, three epochs of two steps."""
    folder = tmp_path_factory.mktemp("one")
    first, last = _run_one(folder, devices=1)
    losses = _losses(folder)
    assert min(_apart(last, first)) > 1e-4
    assert len(losses) == 3
    assert len(set(losses)) == 3
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("devices", [2, 4])
def test_six_steps_on_several_devices_are_those_of_one(one, tmp_path, devices):
    expected_first, expected = _weights(one / "weights.npz")
    first, several = _run_one(tmp_path, devices)
    assert all(map(np.array_equal, first, expected_first))
    assert max(_apart(several, expected)) < 1e-5
    np.testing.assert_allclose(_losses(tmp_path), _losses(one), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_two_processes_stopped_by_sigterm_to_one_end_at_one_step_and_go_on_to_the_weights_of_one(
    one, tmp_path
):
    """In the middle of the second epoch; the worker that gets it is not the chief."""
    for status, out in _run_two(tmp_path, stopped=1):
        assert status == 75
        assert "stopped by SIGTERM after step 3" in out
    assert [path.name for path in tmp_path.glob("*-3.index")] == ["ckpt-3.index"]
    chief, other = _run_two(tmp_path)
    assert "going on after step 3, in epoch 2" in chief[1]
    assert "going on" not in other[1]
    assert all("REPLICAS 2" in out for _, out in (chief, other))
    assert ["epoch   3" in out for _, out in (chief, other)] == [True, False]
    _, expected = _weights(one / "weights.npz")
    for index in (0, 1):
        assert max(_apart(expected, _weights(tmp_path / f"{index}.npz")[1])) < 1e-5
    np.testing.assert_allclose(_losses(tmp_path), _losses(one), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", '{"cluster": []}', '{"cluster": {"worker": 2}}', '{"cluster": {"worker": null}}'],
)
def test_a_tf_config_that_is_none(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(InputError, match="^TF_CONFIG: not as TensorFlow defines it; expected JSON") as caught:
        choose_strategy()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["{}", '{"cluster": {"worker": ["127.0.0.1:1"]}}'])
def test_one_worker_needs_no_collectives(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    strategy = choose_strategy()
    assert not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    assert strategy.num_replicas_in_sync == len(devices)


def test_several_workers_where_tensorflow_runs_already(monkeypatch):
    """As in a pipeline that runs all its components in one process."""
    tf.constant(1)
    task = '"task": {"type": "worker", "index": 0}'
    monkeypatch.setenv("TF_CONFIG", f'{{"cluster": {{"worker": ["127.0.0.1:1", "127.0.0.1:2"]}}, {task}}}')
    with pytest.raises(InputError, match="several workers, but.*process of its own") as caught:
        choose_strategy()
    assert "\n" not in str(caught.value)
