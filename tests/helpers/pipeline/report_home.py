"""A home folder as runs of the pipeline leave it: real forward passes, averages and TFMA figures, of nets
with random weights; only ML Metadata's records are written here, as TFX writes them.
"""

import itertools
import json
import shutil
from pathlib import Path

import tensorflow as tf
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.orchestration import metadata

from components.datasets.sample import write_sample
from components.evaluation.averager import POSTERIORS
from components.evaluation.averaging_plan import averaging_plan
from components.evaluation.model_evaluation import evaluate_models, find_examples
from components.evaluation.view import View
from components.recipe import to_json
from components.training import tensorboard
from components.training.objective import Classification
from components.training.progress import RunningMean
from components.training.trainer import CONFIG
from models import vgg
from models.protocols import Method
from pipeline.environment import Environment
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.metadata_connection import metadata_connection
from serving.saved_model.export import export
from serving.saved_model.signatures import Head

CLASSES = (
    "disc",
    "ring",
    "square",
    "triangle",
    "cross",
    "star",
    "stripes",
    "checkerboard",
    "dots",
    "crescent",
)
MEAN_RGB = (120.0, 110.5, 100.0)
VALIDATION_PER_CLASS = 3


def make_home(folder: Path, *experiments: str) -> Environment:
    """With one run of each experiment, in this order, all on the same data."""
    environment = Environment(data=folder / "data", home=folder / "home")
    write_sample(environment.data, train_per_class=1, validation_per_class=VALIDATION_PER_CLASS)
    environment.home.mkdir()
    connection = metadata_connection(environment)
    with metadata.Metadata(connection) as handle:
        records = Records(handle.store)
        for seed, name in enumerate(experiments):
            _run(records, environment, name, seed)
    return environment


class Records:
    """ML Metadata's, in the forms that TFX gives them."""

    def __init__(self, store):
        self._store, self._clock = store, itertools.count(1)

    def artifact(self, kind: str, uri: Path, **properties) -> int:
        type_id = self._store.put_artifact_type(
            mlmd.ArtifactType(name=kind),
        )
        artifact = mlmd.Artifact(type_id=type_id, uri=str(uri))
        _set(artifact.custom_properties, properties)
        return self._store.put_artifacts([artifact])[0]

    def execution(self, node: str, kind: str, run: str, inputs: dict, outputs: dict, **properties) -> None:
        type_id = self._store.put_execution_type(
            mlmd.ExecutionType(name=f"module.{kind}"), can_add_fields=True
        )
        execution = mlmd.Execution(type_id=type_id, last_known_state=mlmd.Execution.COMPLETE)
        _set(execution.custom_properties, properties)
        (id_,) = self._store.put_executions([execution])
        direction = mlmd.Event.Type
        ends = [(inputs, direction.INPUT), (outputs, direction.OUTPUT)]
        for channels, type_ in ends:
            for channel, artifacts in channels.items():
                for index, artifact in enumerate(artifacts):
                    event = mlmd.Event(artifact_id=artifact, execution_id=id_, type=type_)
                    event.path.steps.add(key=channel)
                    event.path.steps.add(index=index)
                    self._store.put_events([event])
        named = (("pipeline", "vgg"), ("pipeline_run", run), ("node", f"vgg.{node}"))
        contexts = [self._context(*each) for each in named]
        links = [mlmd.Association(execution_id=id_, context_id=context) for context in contexts]
        self._store.put_attributions_and_associations([], links)

    def _context(self, kind: str, name: str) -> int:
        found = self._store.get_context_by_type_and_name(kind, name)
        if found:
            return found.id
        type_id = self._store.put_context_type(mlmd.ContextType(name=kind))
        return self._store.put_contexts([mlmd.Context(type_id=type_id, name=name)])[0]


def _run(records: Records, environment: Environment, name: str, seed: int) -> None:
    entry, run = EXPERIMENTS[name], f"2026-01-0{seed + 1}T00:00:00"
    root = environment.pipeline_root / f"{name}-{seed}"
    model = root / "model" / "Format-Serving"
    _model(entry, model, seed)
    _logs(root / "model_run" / "logs")
    last = root / "posteriors" / "last"
    examples = find_examples(str(environment.data))
    evaluate_models([str(model)], examples, entry.evaluation, str(last.parent), keep=str(last))
    (root / "predictions").mkdir()
    shutil.move(last / "predictions", root / "predictions" / "Split-eval")
    _examples(environment, root)
    made = {
        "examples": records.artifact("Examples", root / "examples", input_fingerprint="split:eval,sum:1"),
        "statistics": records.artifact("Statistics", root / "statistics", split_names='["train", "eval"]'),
        "model": records.artifact("Model", root / "model"),
        "model_run": records.artifact("ModelRun", root / "model_run"),
        "predictions": records.artifact("Examples", root / "predictions"),
        "evaluation": records.artifact("ModelEvaluation", last / "evaluation"),
    }

    def execution(node: str, inputs: tuple, outputs: tuple, kind: str = "", **properties) -> None:
        channels = {"predictions": "examples"} if node == "Evaluator" else {}
        given = {channels.get(key, key): [made[key]] for key in inputs}
        records.execution(node, kind or node, run, given, {key: [made[key]] for key in outputs}, **properties)

    execution("ShardExampleGen", (), ("examples",), input_base=str(environment.data))
    execution("StatisticsGen", ("examples",), ("statistics",))
    config = json.dumps({CONFIG: to_json(entry.config)})
    trainer = f"Trainer.{entry.weights}"
    execution(trainer, ("examples",), ("model", "model_run"), "Trainer", custom_config=config)
    posteriors = []
    for side in entry.evaluation.shorter_sides:
        view = View(entry.weights, Method.DENSE, side)
        posteriors.append(records.artifact("InferenceResult", root / "posteriors"))
        outputs = {"posteriors": posteriors[-1:]}
        inputs = {"model": [made["model"]]}
        records.execution(f"Scorer.{view.name}", "Scorer", run, inputs, outputs, view=to_json(view))
    views = {f"{POSTERIORS}{number}": [artifact] for number, artifact in enumerate(posteriors)}
    averaged = {**views, "statistics": [made["statistics"]]}
    plan = to_json(averaging_plan([(name, entry.weights, entry.evaluation)]))
    predicted = {"predictions": [made["predictions"]]}
    records.execution("Averager", "Averager", run, averaged, predicted, experiment=name, averages=plan)
    execution("Evaluator", ("predictions",), ("evaluation",))
    pushed = environment.serving / str(seed + 1)
    shutil.copytree(model, pushed)
    made["pushed_model"] = records.artifact(
        "PushedModel", root / "pushed", pushed=1, pushed_version=pushed.name
    )
    execution("Pusher", ("model",), ("pushed_model",))


def _model(entry, path: Path, seed: int) -> None:
    net = entry.config.net
    head = Head(
        MEAN_RGB, CLASSES, entry.evaluation.shorter_sides, True, "image/encoded", "image/class/label", 1
    )
    export(vgg.build(net, seed=seed), net, head, str(path))


def _logs(folder: Path) -> None:
    with tf.summary.create_file_writer(str(folder)).as_default():
        for epoch, rate in enumerate((1e-2, 1e-2, 1e-3), start=1):
            seen = RunningMean(100, 100 * 2.3 / epoch, (10 * epoch, 50))
            tensorboard.write_epoch(62 * epoch, seen, seen, Classification.errors, rate, 100.0)


def _examples(environment: Environment, root: Path) -> None:
    """What ShardExampleGen and StatisticsGen write of the validation split."""
    folder = root / "examples" / "Split-eval"
    folder.mkdir(parents=True)
    shards = sorted(str(path) for path in environment.data.glob("validation-*"))
    with tf.io.TFRecordWriter(str(folder / "data-00000.gz"), "GZIP") as writer:
        for record in tf.data.TFRecordDataset(shards).as_numpy_iterator():
            writer.write(record)
    for split, images in (("train", len(CLASSES)), ("eval", len(CLASSES) * VALIDATION_PER_CLASS)):
        path = root / "statistics" / f"Split-{split}" / "FeatureStats.pb"
        path.parent.mkdir(parents=True)
        statistics = statistics_pb2.DatasetFeatureStatisticsList()
        statistics.datasets.add(num_examples=images)
        path.write_bytes(statistics.SerializeToString())


def _set(properties, values: dict) -> None:
    for name, value in values.items():
        if isinstance(value, int):
            properties[name].int_value = value
        else:
            properties[name].string_value = value
