"""The baseline where no ML Metadata is at hand: the last pushed model of the same experiment.

On this machine `baseline.LastBlessedOfExperiment` asks ML Metadata. TFX's compiler for Kubeflow and Vertex
knows no strategies but its own two, and open-source Kubeflow none. What was pushed had been blessed.
"""

import os

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils

from components.evaluation.baseline import same_classes
from models.errors import InputError
from serving.push import versions
from serving.saved_model.description import experiment_of


@component
def LastPushed(  # noqa: N802 - TFX names components so
    candidate: InputArtifact[standard_artifacts.Model],
    model: OutputArtifact[standard_artifacts.Model],
    serving: Parameter[str],
    experiment: Parameter[str],
) -> None:
    """Copies the baseline into `model`, which stays without a SavedModel where there is none.

    It looks at what is there when it runs, so its answer must not come from a cache.

    Args:
        candidate: the Exporter's; a baseline has its classes.
        model: the baseline.
        serving: base path of the pushed models.
        experiment: whose model is wanted.
    """
    tf.io.gfile.makedirs(model.uri)
    found = newest_of(serving, experiment)
    if not found:
        print(f"no model of experiment {experiment} in {serving}, so there is no baseline", flush=True)
    elif same_classes(path_utils.serving_model_path(candidate.uri), found):
        io_utils.copy_dir(found, path_utils.serving_model_dir(model.uri))


def newest_of(serving: str, experiment: str) -> str | None:
    """Folder of the newest version below `serving` that was exported for an experiment; None without one.

    What is no model of this project is passed over.
    """
    for version in reversed(versions(serving)):
        folder = os.path.join(serving, str(version))
        try:
            if experiment_of(folder) == experiment:
                return folder
        except InputError:
            continue
    return None
