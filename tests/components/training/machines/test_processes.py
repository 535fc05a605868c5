"""Machines are processes on loopback: all but the chief are `vgg run --worker N` itself; one is killed."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.training.base_model import body_weights

# The chief as pipeline/running/machines.py has it, around the Trainer's run_fn alone: no TFX runs. What
# tf.Transform computes is a stand-in, here as in the processes that train, which find it as sitecustomize.
CHIEF = """
import json, os, sys
from types import SimpleNamespace
import tensorflow as tf
tf.constant(1)  # TensorFlow runs in a pipeline's process
from components.training.machines.cluster import Cluster
from components.training.trainer import run_fn
from pipeline.environment import Environment
from pipeline.exit_status import exit_status
from pipeline.running.machines import lead
arguments = SimpleNamespace(**json.loads(sys.argv[1]))
cluster = Cluster.from_variables(os.environ)
run = lambda: run_fn(arguments) or 0
sys.exit(exit_status(lambda: lead(cluster, Environment.from_variables(os.environ), run)))
"""
STAND_IN = """
import sys
if "one_worker" in " ".join(sys.orig_argv):
    import numpy as np
    from components.ingestion import transform
    transform.training_set = lambda graph: transform.TrainingSet(
        np.array([120.0, 115.0, 100.0]), np.eye(3), images=24, undecodable=0
    )
    transform.class_names = lambda graph, classes: tuple("abcd")
    transform.synsets = lambda graph, classes: ()
"""
EPOCHS = 12  # many more than the one after which a process is ended
HANGS = 800  # seconds after which what hangs is ended; no measure of speed
FOUR = pytest.param(
    4,
    marks=pytest.mark.skipif("VGG_TEST_FOUR" not in os.environ, reason="minutes of imports; VGG_TEST_FOUR=1"),
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    """A folder of what a Trainer reads: 24 photographs of random pixels."""
    from types import SimpleNamespace

    from tensorflow_metadata.proto.v0 import schema_pb2

    from components import artifact_files
    from components.datasets.layouts import IMAGENET
    from components.datasets.record_index import index_of
    from components.ingestion.shard_example_gen import write_index

    folder = tmp_path_factory.mktemp("prepared")
    (folder / "sitecustomize.py").write_text(STAND_IN)
    features = [schema_pb2.Feature(name=key) for key in (IMAGENET.image, IMAGENET.label, IMAGENET.filename)]
    artifact_files.write_schema(
        SimpleNamespace(uri=str(folder / "schema")), schema_pb2.Schema(feature=features)
    )
    generator = np.random.default_rng(0)
    for split in ("train", "eval"):
        records = folder / "examples" / f"Split-{split}" / f"{split}-00000-of-00001"
        records.parent.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(records)) as writer:
            for number in range(24):
                example = tf.train.Example()
                pixels = generator.integers(0, 256, (50, 40 + number, 3), np.uint8)
                feature = example.features.feature
                feature[IMAGENET.image].bytes_list.value.append(tf.io.encode_jpeg(pixels).numpy())
                feature[IMAGENET.label].int64_list.value.append(1 + number % 4)
                writer.write(example.SerializeToString())
        write_index(str(folder / "examples"), split, index_of([str(records)]))
    return folder


def _arguments(prepared: Path, home: Path) -> str:
    from components import artifact_files
    from components.recipe import TrainerConfig, Training, to_json
    from models.net import Net

    training = Training(
        smallest_side=32, largest_side=40, batch=8, most_epochs=EPOCHS, drops=(), learning_rate=1e-3, seed=3
    )
    config = to_json(TrainerConfig(Net("A", classes=4, width=16, input_size=32), training))
    node = home / "pipeline" / "Trainer.small"
    return json.dumps(
        {
            "custom_config": {"config": config},
            "transform_graph_path": "graph",
            "schema_path": str(prepared / "schema" / artifact_files.SCHEMA),
            "train_files": [str(prepared / "examples/Split-train/*")],
            "eval_files": [str(prepared / "examples/Split-eval/*")],
            "base_model": None,
            "serving_model_dir": str(node / "model/5/Format-Serving"),
            "model_run_dir": str(node / "model_run/5"),
        }
    )


@contextmanager
def _machines(prepared: Path, home: Path, count: int):
    """Starts one of the machines; what is left at the end is killed."""
    with ExitStack() as kept:
        addresses = []
        for _ in range(count):
            port = kept.enter_context(socket.socket())
            port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            port.bind(("127.0.0.1", 0))
            addresses.append(f"127.0.0.1:{port.getsockname()[1]}")
        variables = {
            **os.environ,
            "TF_GRPC_REUSE_PORT": "true",
            "PYTHONPATH": str(prepared),
            "VGG_HOME": str(home),
            "VGG_WORKERS": ",".join(addresses),
        }
        vgg = [sys.executable, "-c", "from pipeline.commands.vgg import main; main(['run'])"]
        chief = [sys.executable, "-c", CHIEF, _arguments(prepared, home)]

        def start(index: int) -> subprocess.Popen:
            process = subprocess.Popen(
                vgg if index else chief,
                env={**variables, "VGG_WORKER": str(index)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            kept.callback(process.kill)
            return process

        yield start


def _weights(home: Path) -> dict[str, np.ndarray]:
    return body_weights(str(home / "pipeline/Trainer.small/model/5/Format-Serving"))


def _wait_for_step(home: Path, step: int, chief: subprocess.Popen) -> None:
    while not any(
        int(path.stem.rpartition("-")[2]) >= step
        for path in home.glob("pipeline/Trainer.small/checkpoints/*/ckpt-*.index")
    ):
        assert chief.poll() is None, chief.communicate()
        time.sleep(0.02)


@pytest.mark.parametrize("count", [2, FOUR])
def test_a_worker_killed_and_started_anew_ends_with_the_same_bits(prepared, tmp_path, count):
    """The chief waits for its workers. That a worker waits for its chief is shown with threads."""
    with _machines(prepared, tmp_path / "undisturbed", count) as start:
        chief, *workers = map(start, range(count))
        said, errors = chief.communicate(timeout=HANGS)
        assert chief.returncode == 0, said + errors
        assert [worker.wait(HANGS) for worker in workers] == [0] * (count - 1)
    home = tmp_path / "disturbed"
    with _machines(prepared, home, count) as start:
        chief, *others, first = map(start, range(count))
        _wait_for_step(home, 3, chief)
        first.kill()
        second = start(count - 1)
        said, errors = chief.communicate(timeout=HANGS)
        assert chief.returncode == 0, said + errors
        assert "going on with all workers from the newest checkpoint" in said
        assert "going on after step" in said
        assert [worker.wait(HANGS) for worker in (*others, second)] == [0] * (count - 1)
    expected, found = _weights(tmp_path / "undisturbed"), _weights(home)
    assert expected
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_sigterm_to_the_worker_that_is_no_chief_ends_both_with_a_checkpoint(prepared, tmp_path):
    with _machines(prepared, tmp_path, 2) as start:
        chief, worker = start(0), start(1)
        _wait_for_step(tmp_path, 3, chief)
        worker.terminate()
        for process in (chief, worker):
            _, errors = process.communicate(timeout=HANGS)
            assert process.returncode == 75, errors
            assert "stopped by SIGTERM" in errors.splitlines()[-1]
