"""InfraValidator's place where there is no Docker: a server on this machine loads the candidate and answers.

TFX's InfraValidator starts TF Serving in Docker or Kubernetes only.
"""

import os
from collections.abc import Iterator

import tensorflow as tf
from tfx.components.util import model_utils
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.scoring_on_beam import layout_of_model
from models import images
from serving.candidate import check_candidate

BLESSED = "blessed"


@component
def InfraValidation(  # noqa: N802 - TFX names components so
    model: InputArtifact[standard_artifacts.Model],
    model_blessing: InputArtifact[standard_artifacts.ModelBlessing],
    examples: InputArtifact[standard_artifacts.Examples],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
    photographs: Parameter[int],
) -> None:
    """Blesses a model that a real server serves, and fails on another one: it is never pushed.

    Failing, and not blessing negatively, has the next run try again: TFX caches a verdict, and what a server
    lacked may have been memory.

    Args:
        model: the candidate.
        model_blessing: the Evaluator's; a model that it refused is not started.
        examples: the data.
        blessing: for the Pusher.
        photographs: how many of the evaluation split are sent.

    Raises:
        serving.model_server.NotServable: see serving.candidate.check_candidate.
    """
    blessed = model_utils.is_model_blessed(model_blessing)
    if blessed:
        path = path_utils.serving_model_path(model.uri)
        check_candidate(path, list(_photographs(path, examples, photographs)))
    blessing.set_int_custom_property(BLESSED, int(blessed))
    os.makedirs(blessing.uri, exist_ok=True)
    with open(os.path.join(blessing.uri, "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED"), "w"):
        pass


def _photographs(model: str, examples, most: int) -> Iterator[bytes]:
    """The first encoded photographs that decode."""
    layout = layout_of_model(model)
    folder = artifact_utils.get_split_uri([examples], EVAL_SPLIT)
    files = sorted(tf.io.gfile.glob(os.path.join(folder, "*")))
    spec = {layout.image: tf.io.FixedLenFeature([], tf.string)}

    def photograph(record):
        encoded = tf.io.parse_single_example(record, spec)[layout.image]
        return encoded, images.decode(encoded)

    records = tf.data.TFRecordDataset(files, "GZIP")
    for encoded, _ in records.map(photograph).ignore_errors().take(most):
        yield encoded.numpy()
