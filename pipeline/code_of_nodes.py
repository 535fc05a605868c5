"""A fingerprint of each component's code among its parameters: TFX's cache answers for that code alone.

The parameter is `code`, which no executor reads; the Trainer's lies in its custom_config, where the folder
of its checkpoints takes it from.
"""

import json
from collections.abc import Iterable, Mapping

from tfx.dsl.components.base.base_node import BaseNode

from components.code_fingerprint import PACKAGES, fingerprint
from components.training.trainer import CODE

RUN_BY_TFX = {
    "Transform": "components.ingestion.transform.preprocessing_fn",
    "Evaluator": "components.evaluation.metrics.PosteriorMetrics",
}
"""What TFX's own components, and ours that only prepare their inputs, run of ours. What they are given as
parameters is in the cache's key anyway."""

REGISTERS = "ShardExampleGen"
"""It computes nothing that a result depends on; a version of its own tells what it has written."""

NOT_TRAINING = (
    # The Exporter exports anew what a Trainer has exported; all that is read of a Trainer's are its weights.
    "serving.saved_model.export.export",
    "components.training.tensorboard",
    "components.training.progress.TrainingProgress",
    "components.training.precision_gain.warning",
    "components.training.machines.chief",
    "components.training.machines.cluster",
)
"""What the Trainer runs and trained weights do not depend on."""


NET, SVM = "components.training.trainer.run_fn", "components.transfer.svm_trainer.run_fn"
BOXES = "components.localisation.box_trainer.run_fn"
"""What a Trainer runs: a net's training, that of a linear SVM as its last layer, or that of a box net."""


def training_code(run_fn: str = NET) -> str:
    """The fingerprint of what decides the weights that a Trainer writes."""
    return fingerprint(run_fn, without=NOT_TRAINING)


def add_code(nodes: Iterable[BaseNode], kept: Mapping[str, str] | None = None) -> None:
    """Gives each node that runs code of ours its fingerprint, or the one that `kept` has for its id.

    An empty one in `kept` is none: an execution of before there were fingerprints.
    """
    for node in nodes:
        code = (kept or {}).get(node.id, _code_of(node))
        if code:
            node.exec_properties[CODE] = code


def code_of(node: BaseNode) -> str:
    """The fingerprint that a node has been given, "" where it has none."""
    config = node.exec_properties.get("custom_config")
    of_config = (json.loads(config) or {}).get(CODE, "") if isinstance(config, str) else ""
    return of_config or node.exec_properties.get(CODE, "")


def _code_of(node: BaseNode) -> str:
    kind = type(node)
    if kind.__name__ == REGISTERS:
        return ""
    if kind.__name__ in RUN_BY_TFX:
        return fingerprint(RUN_BY_TFX[kind.__name__])
    if kind.__module__.split(".")[0] in PACKAGES:
        return fingerprint(f"{kind.__module__}.{kind.__name__}")
    return ""
