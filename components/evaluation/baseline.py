"""The baseline of an evaluation: the last blessed model of the same experiment."""

from collections.abc import Iterator

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2
from tfx.components.evaluator import constants
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact
from tfx.utils import path_utils

from models.errors import InputError
from models.label_space import compare_models
from serving.saved_model.description import describe

MODEL, BLESSING, CANDIDATE = "model", "model_blessing", "candidate"
"""The channels that the resolver is given."""


class LastBlessedOfExperiment(ResolverStrategy):
    """In place of TFX's LatestBlessedModelStrategy, which takes the last blessed model of the whole pipeline.
    All experiments share the pipeline: that model may be of other classes, and its errors of other images.

    Which experiment a model was blessed in is found in ML Metadata: the blessing's Evaluator read what an
    Averager wrote, and that has the experiment's name among its parameters. Where that model's classes are
    not the candidate's, of an experiment that was run on other data since, there is no baseline.

    This needs a runner with ML Metadata at hand, as the local one; elsewhere see last_pushed.py.
    """

    def __init__(self, experiment: str):
        self._experiment = experiment

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[Artifact]]
    ) -> dict[str, list[Artifact]]:
        """The baseline under `model` and its blessing, both empty where there is none.

        Args:
            store: ML Metadata.
            input_dict: all models and blessings of the pipeline, and the candidate.
        """
        candidate = input_dict[CANDIDATE]
        for model, blessing in _blessed(input_dict[MODEL], input_dict[BLESSING]):
            if _experiment_of(store, blessing) != self._experiment:
                continue
            paths = [path_utils.serving_model_path(one.uri) for one in (candidate[0], model)]
            if same_classes(*paths):
                return {MODEL: [model], BLESSING: [blessing], CANDIDATE: candidate}
            break
        return {MODEL: [], BLESSING: [], CANDIDATE: candidate}


def _blessed(models: list[Artifact], blessings: list[Artifact]) -> Iterator[tuple[Artifact, Artifact]]:
    """The newest blessing first."""
    by_id = {model.id: model for model in models}
    for blessing in sorted(blessings, key=lambda artifact: artifact.id, reverse=True):
        model = by_id.get(blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY))
        if model and blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY) == 1:
            yield model, blessing


def _experiment_of(store: mlmd.MetadataStore, blessing: Artifact) -> str | None:
    """Name of the experiment that a blessing is of; None of another pipeline's."""
    events = metadata_store_pb2.Event
    for evaluator in _executions(store, blessing.id, events.OUTPUT):
        examples = [
            event.artifact_id
            for event in store.get_events_by_execution_ids([evaluator])
            if event.type == events.INPUT and event.path.steps[0].key == "examples"
        ]
        for predictions in examples:
            for averager in store.get_executions_by_id(_executions(store, predictions, events.OUTPUT)):
                values = {**averager.properties, **averager.custom_properties}
                if "experiment" in values:
                    return values["experiment"].string_value
    return None


def _executions(store: mlmd.MetadataStore, artifact: int, kind: int) -> list[int]:
    return [
        event.execution_id for event in store.get_events_by_artifact_ids([artifact]) if event.type == kind
    ]


def same_classes(candidate: str, model: str) -> bool:
    """Whether a model can be the baseline of a candidate, both folders of SavedModels; says why not."""
    try:
        first, other = (describe(folder)[1].label_space for folder in (candidate, model))
        compare_models(
            first,
            other,
            what=f"last blessed model {model}",
            do="so there is no baseline",
            whose="the candidate's",
        )
    except InputError as error:
        print(error, flush=True)
        return False
    return True
