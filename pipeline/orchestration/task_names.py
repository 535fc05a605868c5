"""Names of tasks in the compiled pipeline.

Ours are such as Scorer.demo.dense.64. Argo, which carries out Kubeflow Pipelines, takes no dots in them, and
KFP's own compiler writes small letters, digits and hyphens only; on Vertex these are right too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from models.errors import InputError

NAMING = ("producerTask", "dependentTasks")
"""Fields of a compiled pipeline that hold names of tasks, beside the keys of tasks and components."""


def task_name(node: str) -> str:
    """Of a node, "Scorer.demo.dense.64": scorer-demo-dense-64."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node)
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


def task_names(nodes: Iterable[str]) -> dict[str, str]:
    """By node.

    Raises:
        InputError: two nodes would have the same name.
    """
    names: dict[str, str] = {}
    for node in nodes:
        name = task_name(node)
        twin = next((other for other, taken in names.items() if taken == name), None)
        if twin:
            raise InputError(f"components {twin} and {node}: both would be task {name}; rename an experiment")
        names[node] = name
    return names


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A part of a compiled pipeline, as JSON has it, with tasks and their components under the new names.

    What is shown to people, taskInfo's name, stays.
    """
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    if not isinstance(value, Mapping):
        return value
    found = {}
    for key, inner in value.items():
        if key in NAMING:
            found[key] = _named(inner, names)
        elif key == "componentRef":
            found[key] = {"name": names[inner["name"]]}
        elif key == "executorLabel":
            found[key] = executor_label(inner, names)
        elif key == "executors":
            found[key] = {executor_label(label, names): one for label, one in inner.items()}
        elif key in ("tasks", "components"):
            found[key] = {names[node]: renamed(one, names) for node, one in inner.items()}
        else:
            found[key] = renamed(inner, names)
    return found


def executor_label(label: str, names: Mapping[str, str]) -> str:
    """For TFX's, which ends in _executor."""
    return f"exec-{names[label.removesuffix('_executor')]}"


def _named(value: str | list[str], names: Mapping[str, str]) -> str | list[str]:
    return names[value] if isinstance(value, str) else sorted(names[one] for one in value)
