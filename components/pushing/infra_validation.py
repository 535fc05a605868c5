"""InfraValidator's place where there is no Docker: a server on this machine loads the candidate, and must
answer what the evaluation stored for the same photographs.

TFX's InfraValidator starts TF Serving in Docker or Kubernetes only, and compares nothing.
"""

import os

import numpy as np
import tensorflow as tf
from tfx.components.util import model_utils
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components import artifact_files
from components.datasets.layouts import EVAL_SPLIT
from components.evaluation.posteriors import parse_image
from components.evaluation.scoring_on_beam import layout_of_model
from components.split_records import records_in
from models.errors import InputError
from serving.candidate import check_candidate

BLESSED = "blessed"
ONLY_ITSELF = (
    "  The server answers as the model itself does. The model is dense and this evaluation is not, so it has "
    "no posteriors to compare the answers with."
)


@component
def InfraValidation(  # noqa: N802 - TFX names components so
    model: InputArtifact[standard_artifacts.Model],
    model_blessing: InputArtifact[standard_artifacts.ModelBlessing],
    examples: InputArtifact[standard_artifacts.Examples],
    predictions: InputArtifact[standard_artifacts.Examples],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
    photographs: Parameter[int],
    average: Parameter[str],
) -> None:
    """Blesses a model that a real server serves, and fails on another one: it is never pushed.

    Failing, and not blessing negatively, has the next run try again: TFX caches a verdict, and what a server
    lacked may have been memory.

    Args:
        model: the candidate.
        model_blessing: the Evaluator's; a model that it refused is not started.
        examples: the data.
        predictions: the Averager's.
        blessing: for the Pusher.
        photographs: how many of the evaluation split are sent.
        average: name of the one among the predictions that the model must answer, or "" where the evaluation
            has none, as under multi-crop: then the answers are compared with the model's own.

    Raises:
        InputError: the predictions are not of these examples, or of no photograph that decodes.
        serving.model_server.NotServable: see serving.candidate.check_candidate.
    """
    blessed = model_utils.is_model_blessed(model_blessing)
    if blessed:
        path = path_utils.serving_model_path(model.uri)
        expected = _expected(predictions, average, photographs)
        sent = _photographs(examples, path, expected)
        check_candidate(path, sent, expected=np.stack(list(expected.values())) if average else None)
        if not average:
            print(ONLY_ITSELF, flush=True)
    blessing.set_int_custom_property(BLESSED, int(blessed))
    tf.io.gfile.makedirs(blessing.uri)
    verdict = "INFRA_BLESSED" if blessed else "INFRA_NOT_BLESSED"
    with tf.io.gfile.GFile(os.path.join(blessing.uri, verdict), "w") as file:
        file.write("")


def _expected(predictions, average: str, most: int) -> dict[bytes, np.ndarray]:
    """The posteriors of the first images that decode, by key; empty ones without an `average`."""
    found: dict[bytes, np.ndarray] = {}
    for example in artifact_files.read_examples(predictions, EVAL_SPLIT):
        feature = example.features.feature
        if feature["decodes"].int64_list.value[0]:
            posterior = feature[average].float_list.value if average else ()
            found[feature["key"].bytes_list.value[0]] = np.array(posterior, np.float32)
        if len(found) == most:
            return found
    if not found:
        raise InputError("evaluation split: no image of it decodes, so no server can be tried; mend the data")
    return found


def _photographs(examples, model: str, wanted: dict[bytes, np.ndarray]) -> list[bytes]:
    """The encoded photographs with these keys, in their order."""
    layout, found = layout_of_model(model), {}
    for record in records_in(artifact_utils.get_split_uri([examples], EVAL_SPLIT)):
        image, encoded = parse_image(record, layout)
        if image.key in wanted:
            found[image.key] = encoded
        if len(found) == len(wanted):
            return [found[key] for key in wanted]
    raise InputError(
        f"evaluation split: {len(wanted) - len(found)} of {len(wanted)} images with predictions are not in "
        "it; expected predictions of the same examples; run again"
    )
