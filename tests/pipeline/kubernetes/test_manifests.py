"""The manifests for training on several machines: our commands, and what operator and Job set for them."""

import json
import os
import signal
import subprocess
import time
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


def _of_continuous_training() -> dict:
    (job,) = _documents("continuous.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    return job["spec"]


def test_two_looks_do_not_overlap_and_the_command_is_one_of_ours():
    spec = _of_continuous_training()
    assert spec["concurrencyPolicy"] == "Forbid"
    (container,) = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (line,) = [line for line in container["args"][0].splitlines() if line.startswith("vgg ")]
    program, *words = line.removesuffix(" &").split()
    with click.Context(vgg) as context:
        name, command, rest = vgg.resolve_command(context, words)
    parameters = command.make_context(name, rest).params
    assert (name, parameters["one"]) == ("watch", True)
    assert parameters["experiment"] in EXPERIMENTS


@pytest.fixture
def as_vgg(tmp_path):
    """From a script that stands in for `vgg` to a process of the CronJob's container."""
    (container,) = _of_continuous_training()["jobTemplate"]["spec"]["template"]["spec"]["containers"]

    def start(script: str) -> subprocess.Popen:
        (tmp_path / "vgg").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "vgg").chmod(0o755)
        path = f"{tmp_path}:{os.environ['PATH']}"
        return subprocess.Popen([*container["command"], *container["args"]], env={"PATH": path})

    return start


@pytest.mark.parametrize(("status", "of_pod"), [(0, 0), (3, 0), (5, 0), (1, 1), (2, 2), (75, 75)])
def test_nothing_new_and_nothing_pushed_are_no_failures(as_vgg, status, of_pod):
    assert as_vgg(f"exit {status}").wait(timeout=20) == of_pod


def test_sigterm_reaches_the_training_and_its_checkpoint_is_waited_for(as_vgg, tmp_path):
    begun, written = tmp_path / "begun", tmp_path / "written"
    process = as_vgg(
        f"trap 'sleep 0.5; touch {written}; exit 75' TERM; touch {begun}; while true; do sleep 0.1; done"
    )
    while not begun.exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 75
    assert written.exists()
