"""The pipeline of a tuning: the experiment's up to Transform, the nets that it starts from, and a Tuner."""

from collections.abc import Mapping

from tfx import components as tfx_components
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.orchestration.pipeline import Pipeline

from components.beam_options import for_tfx
from components.code_fingerprint import fingerprint
from components.recipe import to_json
from components.training.trainer import BASE, BASE_CONTENT, CODE, CONFIG
from components.tuning.space import Tuning
from components.tuning.tuner import EVALUATION, TUNING, Executor
from pipeline.code_of_nodes import NOT_TRAINING, add_code
from pipeline.data_nodes import data_nodes
from pipeline.environment import Environment
from pipeline.experiments.catalogue import Experiment
from pipeline.metadata_connection import metadata_connection
from pipeline.trainers import trainers_of, what_it_reads

TUNER_FN = "components.tuning.tuner.tuner_fn"


def tuning_pipeline(
    experiment: Experiment,
    tuning: Tuning,
    environment: Environment,
    experiments: Mapping[str, Experiment],
    kept: Mapping[str, str],
) -> Pipeline:
    """ExampleGen to Tuner. What comes before the Tuner has the ids and the keys of a run of the experiment:
    either finds what the other has computed.

    `experiments` and `kept` are those of pipeline.pipeline.create_pipeline.
    """
    data = data_nodes(experiment, environment)
    add_code(data.nodes, kept)
    before, base = [], None
    if experiment.starts_from and not environment.init_from:
        trainers = trainers_of([experiments[experiment.starts_from]], environment, data, experiments, kept)
        before = [node for nodes in trainers.values() for node in nodes]
        base = before[-1].outputs["model"]
    tuner = tfx_components.Tuner(
        tuner_fn=TUNER_FN,
        **what_it_reads(data, data.examples, base),
        custom_config={
            CONFIG: to_json(experiment.config),
            EVALUATION: to_json(experiment.evaluation),
            TUNING: to_json(tuning),
            BASE: str(environment.init_from or ""),
            BASE_CONTENT: environment.init_fingerprint,
            CODE: fingerprint(TUNER_FN, without=NOT_TRAINING),
        },
    ).with_id(f"Tuner.{experiment.weights}")
    tuner.executor_spec = ExecutorClassSpec(Executor)
    tuner.add_upstream_node(data.gate)
    return Pipeline(
        pipeline_name=environment.pipeline_name,
        pipeline_root=str(environment.pipeline_root),
        components=[*data.nodes, *before, tuner],
        enable_cache=True,
        metadata_connection_config=metadata_connection(environment),
        beam_pipeline_args=for_tfx(environment.beam),
    )
