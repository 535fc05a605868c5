"""The same figures with Beam in one process, in several, and by a job server. The tools for data have tests
of their own (tests/components/checking, tests/components/datasets/ilsvrc)."""

import functools
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from helpers.pipeline.artifacts_of_demo import predictions_in
from helpers.serving.model_server import VERSION, picture
from tfx_bsl.public.tfxio import TFExampleRecord

from components.beam_options import BEAM_HERE
from components.datasets.layouts import IMAGENET
from components.evaluation.averager import write_predictions
from components.evaluation.averaging_plan import averaging_plan
from components.evaluation.model_evaluation import Examples, evaluate_models, find_examples, local_pipeline
from components.evaluation.scorer import write_posteriors
from components.evaluation.tfma_results import Figure
from components.ingestion import transform
from components.ingestion.schema import statistics_options, written_schema
from components.recipe import Evaluation
from components.transfer.described import read_described
from components.transfer.descriptors import describe_splits

SEVERAL = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
WANTED = "VGG_TEST_BEAM"
"""Options of Beam, of workers that reach this machine's folders: SEVERAL, or "--runner=PortableRunner
--job_endpoint=HOST:PORT --environment_type=LOOPBACK" for the job server of Flink or Spark."""
EVALUATION = Evaluation(shorter_sides=(80,))

pytestmark = [pytest.mark.slow, pytest.mark.beam]


@dataclass(frozen=True)
class Found:
    """What came of the same data: statistics of the labels, the mean RGB, descriptors, predictions by image,
    figures."""

    labels: tuple[float, ...]
    mean_rgb: np.ndarray
    descriptors: np.ndarray
    predictions: dict[bytes, dict]
    figures: list[Figure]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two shards of each split, six pictures in each, one of the validation split's none."""
    folder = tmp_path_factory.mktemp("data")
    for number in range(4):
        name = f"{('train', 'validation')[number // 2]}-{number % 2:05}-of-00002"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for seed in range(6):
                encoded = picture(seed % 2, 90 + 4 * seed + number, 70) if number + seed < 8 else b"none"
                writer.write(_example(encoded, 1 + seed % 2, f"{number}-{seed}.jpg"))
    return folder


def test_several_processes_score_as_one(data, pushed, tmp_path):
    """The Scorer alone, which has most to hand to its workers: each of them takes ten seconds to begin."""
    model, examples = str(pushed / str(VERSION)), find_examples(str(data))
    here, _ = _scored(model, examples, tmp_path / "here", BEAM_HERE)
    several, processes = _scored(model, examples, tmp_path / "several", SEVERAL)
    assert processes
    assert os.getpid() not in processes
    _expect_predictions(several, here)


@pytest.mark.skipif(WANTED not in os.environ, reason=f"minutes of imports; options of Beam in {WANTED}")
@pytest.mark.timeout(3600)
def test_each_component_gives_the_figures_of_one_process(data, pushed, tmp_path):
    options = tuple(shlex.split(os.environ[WANTED]))
    model = pushed / str(VERSION)
    here = _found(data, model, tmp_path / "here", BEAM_HERE)
    found = _found(data, model, tmp_path / "there", options)
    assert found.labels == here.labels == (12, 1, 1.5, 2)
    np.testing.assert_allclose(found.mean_rgb, here.mean_rgb, rtol=1e-6)
    np.testing.assert_allclose(found.descriptors, here.descriptors, atol=1e-5)
    assert here.descriptors.any()
    _expect_predictions(found.predictions, here.predictions)
    assert len(found.figures) == len(here.figures) > 1
    for figure, other in zip(found.figures, here.figures, strict=True):
        assert _without_intervals(figure) == pytest.approx(_without_intervals(other), abs=1e-6)


def _scored(
    model: str, examples: Examples, folder: Path, options: tuple[str, ...]
) -> tuple[dict[bytes, dict], set[int]]:
    """Predictions, averaged in this process, and the processes in which they were scored."""
    plan = averaging_plan([("net", "net", EVALUATION)])
    (view,) = plan.views
    pipeline = local_pipeline(options)
    _ = pipeline | "Processes" >> _Processes(str(folder / "pids"))
    posteriors = str(folder / "posteriors")
    write_posteriors(
        pipeline,
        examples=examples.files,
        labels=examples.labels,
        model=model,
        view=view,
        folder=posteriors,
        images=examples.labels.images,
    )
    predictions = str(folder / "predictions" / "Split-eval")
    write_predictions(local_pipeline(), {view: posteriors}, plan, predictions, examples.labels.images)
    lines = [line for path in folder.glob("pids*") for line in path.read_text().split()]
    return predictions_in(folder / "predictions"), set(map(int, lines))


class _Processes(beam.PTransform):
    """Writes the ids of those that its elements come to."""

    def __init__(self, path: str):
        super().__init__()
        self._path = path

    def expand(self, begin):
        pids = begin | beam.Create(range(16)) | beam.Map(lambda _: str(os.getpid()))
        return pids | beam.io.WriteToText(self._path)


def _found(data: Path, model: Path, folder: Path, options: tuple[str, ...]) -> Found:
    pipeline = functools.partial(local_pipeline, options)
    files = {split: sorted(map(str, data.glob(f"{split}-*"))) for split in ("train", "validation")}
    statistics, graph = str(folder / "statistics"), str(folder / "graph")
    described = {split: str(folder / f"described-{split}") for split in files}
    schema = written_schema(IMAGENET, 2, frozenset())
    plain, typed = (
        TFExampleRecord(files["train"], schema=given, telemetry_descriptors=["tests"])
        for given in (None, schema)
    )
    with pipeline() as run, tft_beam.Context(temp_dir=str(folder / "temporary")):
        counted = run | "Plain" >> plain.BeamSource() | tfdv.GenerateStatistics(statistics_options())
        _ = counted | tfdv.WriteStatisticsToTFRecord(statistics)
        examples = run | "Typed" >> typed.BeamSource()
        typed_examples = (examples, typed.TensorAdapterConfig())
        function = typed_examples | tft_beam.AnalyzeDataset(transform.preprocessing_fn)
        _ = function | tft_beam.WriteTransformFn(graph)
        raw = str(folder / "graph" / tft.TFTransformOutput.RAW_METADATA_DIR)
        _ = tft.DatasetMetadata(schema) | tft_beam.WriteMetadata(raw, run)
        describe_splits(run, files, described, str(model), 80, flip=True)
    kept = folder / "kept"
    figures = evaluate_models(
        [str(model)], find_examples(str(data)), EVALUATION, str(folder), pipeline=pipeline, keep=str(kept)
    )
    (kept / "predictions").rename(kept / "Split-eval")
    return Found(
        labels=_labels(statistics),
        mean_rgb=transform.training_set(graph).mean_rgb,
        descriptors=_descriptors(described["train"]),
        predictions=predictions_in(kept),
        figures=figures,
    )


def _expect_predictions(found: dict[bytes, dict], here: dict[bytes, dict]) -> None:
    """Batches may be of other images, so the last bits differ."""
    assert len(here) == 12
    assert found.keys() == here.keys()
    for key, image in here.items():
        assert found[key]["label"] == image["label"]
        np.testing.assert_allclose(found[key]["average"], image["average"], atol=1e-6)


def _without_intervals(figure: Figure) -> list[float]:
    """TFMA's bootstrap has no seed, so intervals differ from run to run."""
    measured = (figure.top1_error, figure.top5_error, figure.cross_entropy, figure.expected_calibration_error)
    return [figure.images, *(one.value for one in measured)]


def _labels(path: str) -> tuple[float, ...]:
    """The number of images, and the least, the mean and the greatest label, as StatisticsGen has them."""
    (statistics,) = tfdv.load_statistics(path).datasets
    (label,) = (one.num_stats for one in statistics.features if one.path.step == [IMAGENET.label])
    return statistics.num_examples, label.min, label.mean, label.max


def _descriptors(folder: str) -> np.ndarray:
    """In the order of the images' names."""
    found = read_described([sorted(tf.io.gfile.glob(f"{folder}/*"))], 2)
    assert sum(found.decodes) == 12
    return found.features[np.argsort(found.names)]


def _example(encoded: bytes, label: int, name: str) -> bytes:
    example = tf.train.Example()
    features = example.features.feature
    features[IMAGENET.image].bytes_list.value.append(encoded)
    features[IMAGENET.label].int64_list.value.append(label)
    features[IMAGENET.filename].bytes_list.value.append(name.encode())
    return example.SerializeToString()
