"""Files that describe a cluster, names of tasks, folders of object stores, and values given at the start."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from components.recipe import TrainerConfig, from_json, to_json
from components.training.run_time_values import with_values
from models.errors import InputError
from pipeline.commands.compile import compile_command
from pipeline.commands.submit import given_values
from pipeline.environment import Environment
from pipeline.experiments.small import DEMO
from pipeline.orchestration.engine_settings import Resources, read_settings
from pipeline.orchestration.task_names import renamed, task_name, task_names
from pipeline.running.run import run
from pipeline.store_path import StorePath, place

WHOLE = """
image = "REGISTRY/vgg@sha256:0"
project = "mine"
retries = 3
[labels]
team = "vision"
[resources.default]
cpu = 4
[resources.Trainer]
gpus = 8
gpu_type = "A100"
[resources."Trainer.demo"]
memory_gb = 2.5
"""


def _read(folder: Path, text: str):
    (folder / "cluster.toml").write_text(text)
    return read_settings(str(folder / "cluster.toml"))


def test_a_whole_file(tmp_path):
    cluster = _read(tmp_path, WHOLE)
    assert (cluster.project, cluster.retries, cluster.cache, cluster.region) == ("mine", 3, True, "")
    assert cluster.labels == (("team", "vision"),)
    assert cluster.resources_of("Trainer.demo") == Resources(memory_gb=2.5)
    assert cluster.resources_of("Trainer.other") == Resources(gpus=8, gpu_type="A100")
    assert cluster.resources_of("Pusher") == Resources(cpu=4.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("imag = 'x'", "imag: unknown; did you mean image?"),
        ("retries = 'two'", "retries = 'two'; expected a whole number"),
        ("retries = -1", "retries = -1; expected 0 or more"),
        ("labels = 3", r"labels = 3; expected a table, \[labels\]"),
        ("[labels]\nteam = 3", "labels.team = 3; expected a text"),
        ("[resources.Trainer]\ngpu = 8", "resources.Trainer: gpu: unknown; did you mean"),
        ("[resources.Trainer]\ngpus = 8", "gpus = 8 of type ''; expected both"),
        ("[resources.Trainer]\ncpu = -1", "cannot be negative"),
        ("image =", "cannot be read"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as caught:
        _read(tmp_path, text)
    assert str(caught.value).startswith(f"cluster {tmp_path}/cluster.toml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("ShardExampleGen", "shard-example-gen"),
        ("Scorer.demo.dense.64", "scorer-demo-dense-64"),
        ("Trainer.small-D-64-128", "trainer-small-d-64-128"),
        ("Scorer.my_net.multi-crop.256", "scorer-my-net-multi-crop-256"),
    ],
)
def test_names_of_tasks(node, name):
    assert task_name(node) == name


def test_two_components_of_one_name_are_refused():
    with pytest.raises(InputError, match="components Trainer.my-a and Trainer.my.a: both would be task"):
        task_names(["Trainer.my-a", "Trainer.my.a"])


def test_every_mention_of_a_task_is_renamed_and_nothing_else():
    spec = {
        "root": {"dag": {"tasks": {"A.b": {"taskInfo": {"name": "A.b"}, "dependentTasks": ["C.d"]}}}},
        "components": {"A.b": {"executorLabel": "A.b_executor"}},
        "deploymentSpec": {"executors": {"A.b_executor": {"container": {"args": ["A.b"]}}}},
    }
    assert renamed(spec, {"A.b": "a-b", "C.d": "c-d"}) == {
        "root": {"dag": {"tasks": {"a-b": {"taskInfo": {"name": "A.b"}, "dependentTasks": ["c-d"]}}}},
        "components": {"a-b": {"executorLabel": "exec-a-b"}},
        "deploymentSpec": {"executors": {"exec-a-b": {"container": {"args": ["A.b"]}}}},
    }


def test_folders_of_object_stores_keep_their_slashes():
    store = place("gs://bucket/folder/")
    assert (
        str(store / "a" / "b") == os.fspath(StorePath("gs://bucket/folder/a/b")) == "gs://bucket/folder/a/b"
    )
    assert place("relative") == Path("relative").absolute()
    environment = Environment.from_variables({"VGG_HOME": "s3://b/home", "VGG_SERVING": "/srv/models"})
    assert str(environment.data) == "s3://b/home/data"
    assert str(environment.pipeline_root) == "s3://b/home/pipeline"
    assert environment.serving == Path("/srv/models")


def test_a_pattern_in_an_object_store_is_refused_too():
    with pytest.raises(InputError, match=r"data folder gs://b/da\*ta: has a \* in it"):
        Environment.from_variables({"VGG_DATA": "gs://b/da*ta"})


def _given(**values) -> TrainerConfig:
    properties = {"custom_config": json.dumps({"config": to_json(DEMO.config), "code": "c"}), **values}
    changed = with_values(properties)
    assert set(changed) == {"custom_config"}
    assert json.loads(changed["custom_config"])["code"] == "c"
    return from_json(TrainerConfig, json.loads(changed["custom_config"])["config"])


def test_values_that_are_given_take_their_place_and_0_is_the_experiments():
    assert _given(learning_rate=0.0, most_epochs=0, most_steps=0) == DEMO.config
    changed = _given(learning_rate=0.5, most_epochs=0, most_steps=7).training
    assert (changed.learning_rate, changed.most_epochs, changed.most_steps) == (0.5, 15, 7)


def test_values_of_the_command_line():
    assert given_values(("most_steps=7", "data=gs://b/d=e")) == {"most_steps": 7, "data": "gs://b/d=e"}
    for word, said in (
        ("steps=7", "steps: unknown; did you mean most_steps"),
        ("most_steps=x", "expected a whole number"),
    ):
        with pytest.raises(InputError, match=said):
            given_values((word,))


def test_a_home_in_an_object_store_is_refused_by_the_local_engine():
    with pytest.raises(InputError, match="home folder gs://b/home: an object store has neither locks nor"):
        run({"VGG_HOME": "gs://b/home"})


def test_a_specification_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path):
    (tmp_path / "cluster.toml").write_text(WHOLE)
    (tmp_path / "folder").mkdir()
    words = ["--engine", "vertex", "--cluster", tmp_path / "cluster.toml", "--home", "gs://b/home"]
    ended = CliRunner().invoke(
        compile_command, [*map(str, words), "--output", str(tmp_path / "no" / "f.json")]
    )
    assert str(ended.exception).startswith(f"--output {tmp_path}/no/f.json: cannot be written (")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cluster.toml", "folder"]
