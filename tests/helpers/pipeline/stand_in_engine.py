"""A stand-in for Vertex AI and Kubeflow Pipelines: runs a compiled pipeline's tasks on this machine.

It does what the engines do and no more: each task's command in a process of its own, in the order of the
dependencies, with the executor's input filled in, hooks first, and the metadata of artifacts handed on. It
has a cache as theirs: a task is answered from the run before where nothing that it reads has changed.
"""

import json
import multiprocessing
import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

PYTHON = ["python", "-m"]
ENTRY = "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"
DRIVER = "tfx.orchestration.kubeflow.v2.file_based_example_gen.driver"
LIBRARIES = [ENTRY, DRIVER, "pipeline.pipeline"]


@dataclass
class Task:
    """One that has run: what its inputs were, and its outputs as the engine keeps them."""

    inputs: str
    artifacts: dict[str, dict]


@dataclass
class StandInEngine:
    """Runs the pipelineSpec of a job, in a folder.

    Attributes:
        hooks: whether commands before the look into the cache are run, as Vertex does and Kubeflow does not.
    """

    folder: Path
    hooks: bool
    runs: int = 0
    done: dict[str, Task] = field(default_factory=dict)

    def run(self, spec: dict[str, Any], **parameters: Any) -> dict[str, str]:
        """Each task and whether it "ran" or was "cached", in the order in which they came."""
        self.runs += 1
        root = spec["root"]
        defaults = root["inputDefinitions"]["parameters"]
        values = {name: parameters.get(name, one["defaultValue"]) for name, one in defaults.items()}
        tasks = root["dag"]["tasks"]
        graph = {name: task.get("dependentTasks", []) for name, task in tasks.items()}
        return {
            name: self._task(name, tasks[name], spec, values)
            for name in TopologicalSorter(graph).static_order()
        }

    def artifact(self, task: str, key: str) -> Path:
        """Folder of an output."""
        return Path(self.done[task].artifacts[key]["uri"])

    def _task(self, name: str, task: dict, spec: dict, values: dict) -> str:
        component = spec["components"][task["componentRef"]["name"]]
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        given = self._input(name, task, component, values)
        hook = container.get("lifecycle", {}).get("preCacheCheck")
        if hook and self.hooks:
            found = self._execute(hook["command"], hook["args"], given)
            given["inputs"]["parameterValues"] |= found.get("parameterValues", {})
            _take_metadata(given, found)
        key = json.dumps(given["inputs"], sort_keys=True)
        before = self.done.get(name)
        if task["cachingOptions"]["enableCache"] and before and before.inputs == key:
            return "cached"
        found = self._execute(container["command"], container["args"], given)
        _take_metadata(given, found)
        artifacts = {key: one["artifacts"][0] for key, one in given["outputs"]["artifacts"].items()}
        self.done[name] = Task(key, artifacts)
        return "ran"

    def _input(self, name: str, task: dict, component: dict, values: dict) -> dict:
        """ExecutorInput, as JSON has it."""
        folder = self.folder / f"{name}_{self.runs}"
        wanted = task.get("inputs", {})
        parameters = {
            key: values[one["componentInputParameter"]]
            if "componentInputParameter" in one
            else one["runtimeValue"]["constant"]
            for key, one in wanted.get("parameters", {}).items()
        }
        artifacts = {}
        for key, one in wanted.get("artifacts", {}).items():
            source = one["taskOutputArtifact"]
            made = self.done[source["producerTask"]].artifacts[source["outputArtifactKey"]]
            artifacts[key] = {"artifacts": [made]}
        outputs = {
            key: {
                "artifacts": [
                    {"name": f"{folder.name}/{key}", "uri": str(folder / key), "type": one["artifactType"]}
                ]
            }
            for key, one in component.get("outputDefinitions", {}).get("artifacts", {}).items()
        }
        return {
            "inputs": {"parameterValues": parameters, "artifacts": artifacts},
            "outputs": {"artifacts": outputs, "outputFile": str(folder / "executor_output.json")},
        }

    def _execute(self, command: list[str], arguments: list[str], given: dict) -> dict:
        """What the command wrote, an ExecutorOutput."""
        assert list(command[:2]) == PYTHON, command
        words = [word.replace("{{$}}", json.dumps(given)) for word in arguments]
        log = Path(given["outputs"]["outputFile"]).with_name(f"log-{command[2].rpartition('.')[2]}.txt")
        log.parent.mkdir(parents=True, exist_ok=True)
        assert forked(_become, command[2], words, str(log)) == 0, log.read_text()[-3000:]
        return json.loads(Path(given["outputs"]["outputFile"]).read_text())


def forked(work: Callable, *arguments: Any) -> int:
    """Status, which `work` returns, of a process that calls it.

    It is forked from one that has imported the libraries and done nothing with them, which saves ten seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    process = context.Process(target=_exit_with, args=(work, *arguments))
    process.start()
    process.join()
    return process.exitcode


def _exit_with(work: Callable, *arguments: Any) -> None:
    sys.exit(work(*arguments) or 0)


def _become(module: str, arguments: list[str], log: str) -> None:
    """`python -m MODULE ARGUMENTS` in this process."""
    with open(log, "w", buffering=1) as file:
        sys.stdout = sys.stderr = file
        sys.argv = [module, *arguments]
        sys.modules.pop(module, None)
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _take_metadata(given: dict, found: dict) -> None:
    for key, made in found.get("artifacts", {}).items():
        metadata = made["artifacts"][0].get("metadata")
        if metadata:
            given["outputs"]["artifacts"][key]["artifacts"][0]["metadata"] = metadata
