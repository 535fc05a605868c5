"""Evaluates exported models on a folder of TFRecords without a pipeline run: what `vgg evaluate` does.

The same Scorer, Averager and TFMA configuration as in the pipeline. Posteriors are kept in a folder, by
model, data, view and the code that computes them, so that another average or fusion of them costs no forward
pass.
"""

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import apache_beam as beam
import tensorflow as tf
import tensorflow_model_analysis as tfma
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig
from tfx_bsl.public import tfxio

from components.beam_options import BEAM_HERE
from components.code_fingerprint import fingerprint
from components.datasets.example_keys import check_examples, layout_of_shards
from components.datasets.record_framing import check_heads, check_records
from components.datasets.shards import VALIDATION, find_shards
from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import averaging_plan
from components.evaluation.data_labels import DataLabels, labels_for, read_labels
from components.evaluation.eval_config import eval_config
from components.evaluation.posteriors import holds_view
from components.evaluation.scorer import write_posteriors
from components.evaluation.tfma_results import Figure, read_figures
from components.evaluation.view import View
from components.recipe import Evaluation
from models.errors import InputError
from models.label_space import compare_models
from serving.saved_model.description import DESCRIPTION, WEIGHTS_INDEX, describe

PipelineFactory = Callable[[], beam.Pipeline]


@dataclass(frozen=True)
class Examples:
    """The validation shards of a data folder.

    Attributes:
        files: their paths.
        labels: of their records, and how many these are.
        fingerprint: of their names, sizes and times.
    """

    files: tuple[str, ...]
    labels: DataLabels
    fingerprint: str


def local_pipeline(options: Sequence[str] = BEAM_HERE) -> beam.Pipeline:
    """A pipeline with these options of Beam; by default in this process."""
    return beam.Pipeline(options=PipelineOptions(list(options)))


def find_examples(data: str) -> Examples:
    """The validation split in a folder of TFRecords.

    Raises:
        InputError: it is missing or not whole (components.datasets.shards), or it holds no image, or one of
            an unknown layout, or a damaged record.
    """
    files = find_shards(data, VALIDATION)
    if "://" not in data:  # elsewhere each head may be a request
        check_heads(files)
    where = f"data folder {data}"
    try:
        layout_of_shards(files, where)
        labels = read_labels(files, where)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError, UnicodeDecodeError):
        # TensorFlow names no file; the last is of its own message, which has bytes of the record in it.
        check_records(files)
        check_examples(files)
        raise
    return Examples(tuple(files), labels, _fingerprint(files))


def evaluate_models(
    models: Sequence[str],
    examples: Examples,
    evaluation: Evaluation,
    folder: str,
    *,
    pipeline: PipelineFactory = local_pipeline,
    say: Callable[[str], None] = lambda line: None,
    progress: Callable[[str], None] = lambda line: None,
    keep: str | None = None,
) -> list[Figure]:
    """The metrics of one model, or of several and of their fusion.

    Args:
        models: folders of exported SavedModels.
        examples: to evaluate them on.
        evaluation: protocol, Q and flip.
        folder: where posteriors are kept.
        pipeline: makes the Beam pipelines.
        say: told what the figures depend on: classes in another order, or of which this is taken on trust,
            and images that do not decode.
        progress: told of each view before its forward passes begin, not of views that are there already.
        keep: folder to leave the predictions and TFMA's results in, or None not to.

    Raises:
        InputError: not a model of this project; a Q smaller than its crop; models of other classes, or data
            with a class that they have not; an image that does not count once.
    """
    names = _names(models)
    _check(models, evaluation)
    for line in _check_classes(models, examples.labels):
        say(line)
    wanted = averaging_plan([(name, name, evaluation) for name in names])
    paths = dict(zip(names, models, strict=True))
    folders = {}
    for view in wanted.views:
        folders[view] = _view_folder(folder, paths[view.weights], examples, view)
        if not holds_view(folders[view]):
            progress(f"scoring {view.weights}, {view.method.value}, Q = {view.shorter_side}")
            if tf.io.gfile.exists(folders[view]):  # of a run that was killed: its shards would count too
                tf.io.gfile.rmtree(folders[view])
            write_posteriors(
                pipeline(),
                examples=examples.files,
                labels=examples.labels,
                model=paths[view.weights],
                view=view,
                folder=folders[view],
                images=examples.labels.images,
            )
    own = keep or os.path.join(folder, f"evaluation-{uuid.uuid4().hex[:12]}")  # two may run at once
    predictions, evaluated = (os.path.join(own, part) for part in ("predictions", "evaluation"))
    try:
        for line in write_predictions(pipeline(), folders, wanted, predictions, examples.labels.images):
            say(line)
        return _figures(predictions, evaluated, eval_config(wanted.names, evaluation, bless=False), pipeline)
    finally:
        if not keep and tf.io.gfile.exists(own):
            tf.io.gfile.rmtree(own)


def _figures(predictions: str, evaluated: str, config: EvalConfig, pipeline: PipelineFactory):
    """TFMA on a folder of predictions, as TFX's Evaluator runs it."""
    source = tfxio.TFExampleRecord(
        os.path.join(predictions, "*"),
        raw_record_column_name=tfma.ARROW_INPUT_COLUMN,
        telemetry_descriptors=["vgg", "evaluate"],
    )
    shared = tfma.default_eval_shared_model(predictions, eval_config=config)
    with pipeline() as run:
        _ = (
            run
            | source.BeamSource()
            | tfma.ExtractEvaluateAndWriteResults(
                eval_shared_model=shared, eval_config=config, output_path=evaluated
            )
        )
    return read_figures(evaluated)


def _check(models: Sequence[str], evaluation: Evaluation) -> None:
    for model in models:
        net, _ = describe(model)
        if min(evaluation.shorter_sides) < net.input_size:
            raise InputError(
                f"model {model}: Q {min(evaluation.shorter_sides)} is smaller than its crop of "
                f"{net.input_size} pixels; expected at least that"
            )


def _check_classes(models: Sequence[str], labels: DataLabels) -> Iterator[str]:
    """A line for each model whose classes the data, or the first model, have in another order."""
    first = describe(models[0])[1].label_space
    for model in models:
        own = describe(model)[1].label_space
        do, whose = "only models of the same classes, in any order, can be fused", f"{models[0]}'s"
        if compare_models(first, own, what=f"model {model}", do=do, whose=whose).labels:
            yield f"{model}: its classes are in another order than the first model's; matched by their names"
        if labels_for(model, labels).labels:
            yield f"{model}: its classes are in another order than the data's; matched by their names"


def _names(models: Sequence[str]) -> list[str]:
    """A short name for each: the last parts of its path that tell it from the others."""
    parts = [os.path.abspath(model).split(os.sep) for model in models]
    for length in range(1, max(map(len, parts)) + 1):
        names = [".".join(path[-length:]) for path in parts]
        if len(set(names)) == len(names):
            return names
    raise InputError(f"models {', '.join(models)}: the same one twice; expected different ones")


def _view_folder(folder: str, model: str, examples: Examples, view: View) -> str:
    weights = _fingerprint([os.path.join(model, part) for part in (WEIGHTS_INDEX, DESCRIPTION)])
    code = fingerprint("components.evaluation.scorer.write_posteriors")
    identity = "\n".join((weights, examples.fingerprint, view.name, code))
    return os.path.join(folder, hashlib.sha256(identity.encode()).hexdigest()[:16])


def _fingerprint(files: Sequence[str]) -> str:
    stats = [(os.path.abspath(file), tf.io.gfile.stat(file)) for file in files]
    lines = [f"{path} {stat.length} {stat.mtime_nsec}" for path, stat in stats]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
