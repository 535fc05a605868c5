"""Which machines train together, as options, variables and TF_CONFIG say it."""

import json

import pytest

from components.training.machines.cluster import Cluster
from models.errors import InputError


def _tf(cluster: dict, kind: str, index) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_named_machines_in_their_order():
    found = Cluster.from_variables({"VGG_WORKERS": "a:1, b:2,c:3", "VGG_WORKER": "1"})
    assert (found.addresses, found.index, found.patience) == (("a:1", "b:2", "c:3"), 1, 600.0)
    assert json.loads(found.tf_config()) == {
        "cluster": {"worker": ["a:1", "b:2", "c:3"]},
        "task": {"type": "worker", "index": 1},
    }
    assert found.name(2) == "worker 2 (c:3)"


@pytest.mark.parametrize(
    ("cluster", "task", "addresses", "index"),
    [
        ({"worker": ["a:1", "b:2"]}, ("worker", 1), ("a:1", "b:2"), 1),
        # Vertex's custom training and the Kubeflow training operator: the index may be a string.
        ({"worker": ["b:2", "c:3"], "chief": ["a:1"]}, ("worker", "1"), ("a:1", "b:2", "c:3"), 2),
        ({"chief": ["a:1"], "worker": ["b:2"], "evaluator": ["e:9"]}, ("chief", 0), ("a:1", "b:2"), 0),
    ],
)
def test_tf_config_with_and_without_a_chief(cluster, task, addresses, index):
    found = Cluster.from_variables(_tf(cluster, *task))
    assert (found.addresses, found.index) == (addresses, index)


@pytest.mark.parametrize(
    "variables",
    [{}, {"VGG_WORKERS": "a:1", "VGG_WORKER": "0"}, _tf({"chief": ["a:1"]}, "chief", 0), {"TF_CONFIG": "{}"}],
)
def test_one_machine_is_no_cluster(variables):
    assert Cluster.from_variables(variables) is None


def test_patience():
    variables = {"VGG_WORKERS": "a:1,b:1", "VGG_WORKER": "0", "VGG_WORKER_PATIENCE": "12.5"}
    assert Cluster.from_variables(variables).patience == 12.5


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"VGG_WORKER": "1"}, r"^VGG_WORKER=1: of which machines\? set VGG_WORKERS"),
        ({"VGG_WORKERS": "a:1,b"}, r"^VGG_WORKERS=a:1,b: 'b' in it; expected HOST:PORT"),
        ({"VGG_WORKERS": "a:1,:2"}, "':2' in it"),
        ({"VGG_WORKERS": "a:1,a:1", "VGG_WORKER": "0"}, "one is named twice"),
        ({"VGG_WORKERS": "a:1,b:1"}, r"^VGG_WORKER=: expected which of the 2 .* 0, .*, to 1$"),
        ({"VGG_WORKERS": "a:1,b:1", "VGG_WORKER": "2"}, "^VGG_WORKER=2: expected"),
        ({"VGG_WORKERS": "a:1,b:1", "VGG_WORKER": "-1"}, "^VGG_WORKER=-1: expected"),
        (
            {"VGG_WORKERS": "a:1,b:1", "VGG_WORKER": "1", **_tf({"worker": ["a:1", "b:1"]}, "worker", 0)},
            "both name several machines",
        ),
        (
            _tf({"worker": ["a:1", "b:2"], "ps": ["p:1"]}, "ps", 0),
            "process is ps 0 of 1; expected one of",
        ),
        (_tf({"worker": ["a:1", "b:2"]}, "worker", 2), "this process is worker 2 of 2"),
        (_tf({"worker": ["a:1", "b:2"]}, "worker", "x"), "not as TensorFlow defines it"),
        ({"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1", "b:2"]}})}, "not as TensorFlow defines it"),
        *(
            ({"VGG_WORKERS": "a:1,b:1", "VGG_WORKER": "0", "VGG_WORKER_PATIENCE": said}, "expected seconds")
            for said in ("soon", "0", "inf", "nan")
        ),
    ],
)
def test_what_cannot_be_used_is_one_line(variables, line):
    with pytest.raises(InputError, match=line) as caught:
        Cluster.from_variables(variables)
    assert "\n" not in str(caught.value)
