"""The manifests for training on several machines: our commands, and what operator and Job set for them."""

import json
from pathlib import Path

import click
import pytest
import yaml

from components.training.machines.cluster import Cluster
from pipeline.commands.vgg import vgg
from pipeline.experiments.catalogue import EXPERIMENTS

FOLDER = Path(__file__).parents[3] / "pipeline" / "kubernetes"


def _documents(name: str) -> list[dict]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def _check_container(pod: dict) -> dict[str, str]:
    """The command is one of ours, and volumes are mounted that there are; the variables with a value."""
    (container,) = pod["containers"]
    program, *words = container["command"]
    assert program == "vgg"
    with click.Context(vgg) as context:
        name, command, rest = vgg.resolve_command(context, words)
    assert name == "run"
    assert command.make_context(name, rest).params["experiment"] in EXPERIMENTS
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
    variables = {each["name"]: each.get("value") for each in container["env"]}
    for name in ("VGG_HOME", "VGG_DATA"):
        assert variables[name].startswith(f"{mounts['vgg']}/")
    return variables


def test_the_training_operators_job():
    """TF_CONFIG as the operator writes it for these replicas: v1's docs, Distributed Training."""
    (job,) = _documents("tfjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    replicas = job["spec"]["tfReplicaSpecs"]
    for spec in replicas.values():
        pod = spec["template"]["spec"]
        assert not {"VGG_WORKERS", "VGG_WORKER"} & _check_container(pod).keys()
        assert pod["containers"][0]["name"] == "tensorflow"
        assert pod["containers"][0]["ports"] == [{"name": "tfjob-port", "containerPort": 2222}]
    cluster = {
        kind.lower(): [f"vgg-{kind.lower()}-{index}.ns.svc:2222" for index in range(spec["replicas"])]
        for kind, spec in replicas.items()
    }
    found = [
        Cluster.from_variables(
            {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}
        ).index
        for kind, names in cluster.items()
        for index in range(len(names))
    ]
    assert found == [0, 1, 2, 3]


def test_the_indexed_job_names_each_of_its_pods():
    service, job = _documents("jobs.yaml")
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    variables = _check_container(pod)
    name, count = job["metadata"]["name"], spec["completions"]
    assert spec["parallelism"] == count, "all at once: each waits for the others"
    assert pod["subdomain"] == service["metadata"]["name"]
    assert service["spec"]["selector"] == {"job-name": name}
    (port,) = (each["port"] for each in service["spec"]["ports"])
    expected = tuple(f"{name}-{index}.{pod['subdomain']}:{port}" for index in range(count))
    for index in range(count):
        cluster = Cluster.from_variables({**variables, "VGG_WORKER": str(index)})
        assert (cluster.addresses, cluster.index) == (expected, index)


@pytest.mark.parametrize("status", [2, 3])
def test_a_job_ends_where_another_try_would_end_alike(status):
    rules = _documents("jobs.yaml")[1]["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules if status in rule.get("onExitCodes", {}).get("values", [])] == [
        "FailJob"
    ]
