"""Scores a split's images on Beam (section 3.2): one forward pass for each image and flip.

Each worker process loads the net once and takes IMAGES_AT_ONCE images at a time, so 50,000 images spread
over workers, and a worker's memory does not grow with them.
"""

import dataclasses
import logging
from collections.abc import Iterator, Sequence

import apache_beam as beam
import numpy as np
import tensorflow as tf
from apache_beam.utils import shared

from components.datasets.layouts import LAYOUTS, Layout
from components.datasets.record_framing import compression_of
from components.evaluation.posteriors import ScoredImage, parse_image, partition_of, to_record
from models.errors import InputError
from models.label_space import Correspondence
from models.protocols import Method
from models.untuned import elements
from models.view_scorer import Scores, ViewScorer
from serving.saved_model.description import describe
from serving.saved_model.export import read_network

IMAGES_AT_ONCE = 32


def layout_of_model(model: str) -> Layout:
    """The layout of the examples that a model was trained on.

    Raises:
        InputError: no SavedModel of this project.
    """
    head = describe(model)[1]
    return next(layout for layout in LAYOUTS if layout.image == head.image_key)


class ScoreImages(beam.PTransform):
    """Serialized tf.Examples of the data to serialized posteriors (components.evaluation.posteriors).

    Args:
        model: folder of an exported SavedModel.
        method: what the net is applied to.
        shorter_side: Q in pixels.
        layout: keys of the examples.
        labels: which label of the model each of theirs is.
        partitions: how many outputs, "0", "1", ..., the records are divided among by their keys.
    """

    def __init__(
        self,
        model: str,
        method: Method,
        shorter_side: int,
        layout: Layout,
        labels: Correspondence,
        partitions: int,
    ):
        super().__init__()
        self._score = _Score(model, method, shorter_side, layout, labels)
        self._partitions = partitions

    def expand(self, records: beam.PCollection):
        """Beam's."""
        batches = records | beam.BatchElements(min_batch_size=IMAGES_AT_ONCE, max_batch_size=IMAGES_AT_ONCE)
        tags = [str(number) for number in range(self._partitions)]
        return (
            batches
            | "Score" >> beam.ParDo(self._score)
            | beam.ParDo(_partition, self._partitions).with_outputs(*tags)
        )


def read_examples(pipeline: beam.Pipeline, files: Sequence[str]) -> beam.PCollection:
    """Serialized tf.Examples of TFRecord files, plain or gzipped.

    Beam's own ReadFromTFRecord would take each path for a pattern.
    """
    return pipeline | beam.Create(list(files)) | beam.FlatMap(_records)


def _records(file: str) -> Iterator[bytes]:
    return elements(tf.data.TFRecordDataset(file, compression_of(file)))


class _Score(beam.DoFn):
    def __init__(self, model: str, method: Method, shorter_side: int, layout: Layout, labels: Correspondence):
        self._model, self._method, self._shorter_side, self._layout = model, method, shorter_side, layout
        self._labels = labels
        self._shared = shared.Shared()

    def setup(self) -> None:
        """Once a thread; the net once a process."""
        tag = f"{self._model}|{self._method.value}|{self._shorter_side}"
        self._loaded, self._done = self._shared.acquire(self._load, tag=tag), 0

    def process(self, batch: Sequence[bytes]) -> Iterator[ScoredImage]:
        images, encoded = zip(*(parse_image(record, self._layout) for record in batch), strict=True)
        classes = self._loaded.class_names
        uniform = np.full(len(classes), 1 / len(classes), np.float32)
        for image, scores in zip(images, self._loaded.scorer(encoded), strict=True):
            label = self._labels.of(image.label)
            if not 0 <= label < len(classes):
                raise InputError(
                    f"image {image.name}: class {image.label}; expected 0..{len(classes) - 1}, the model's "
                    "classes, with a name where other classes of the data have one; evaluate it on data with "
                    "the same classes"
                )
            found = scores or Scores(uniform, uniform)
            image = dataclasses.replace(image, label=label)
            yield ScoredImage(image, classes[label], scores is not None, found.plain, found.flipped)
        self._done += len(batch)
        logging.info("Scored %d images", self._done)

    def _load(self) -> "_Loaded":
        network, net, head = read_network(self._model)
        scorer = ViewScorer(
            network,
            method=self._method,
            shorter_side=self._shorter_side,
            input_size=net.input_size,
            mean_rgb=head.mean_rgb,
            most_pixels=head.most_pixels,
            squares=head.squares,
        )
        return _Loaded(scorer, head.unique_names)


def _partition(posterior: ScoredImage, count: int) -> Iterator[beam.pvalue.TaggedOutput]:
    number = partition_of(posterior.image.key, count)
    yield beam.pvalue.TaggedOutput(str(number), to_record(posterior))


class _Loaded:
    """What one process keeps; a plain tuple could not be weakly referenced, which Shared does."""

    def __init__(self, scorer: ViewScorer, class_names: Sequence[str]):
        self.scorer, self.class_names = scorer, class_names
