"""A trained net's errors on the validation images, averaged over an evaluation's Q, methods and flips.

The same posteriors as the pipeline's Scorers write, averaged as its Averager does, and the metrics of its
Evaluator; in one pass and one process, with no artifact: a trial's net is gone when it has been measured.
"""

from collections.abc import Iterator, Sequence

import keras
import numpy as np

from components.datasets.layouts import Layout
from components.datasets.record_index import RecordIndex
from components.evaluation.metrics import image_statistics, metrics_of
from components.evaluation.posteriors import Labelled, averaged_over_flips, parse_image
from components.recipe import Evaluation
from components.training.record_reader import records_in_order
from models.net import Net
from models.untuned import elements
from models.view_scorer import Scores, ViewScorer
from serving.saved_model.head import Head

IMAGES_AT_ONCE = 32


def metrics_of_net(
    network: keras.Model,
    net: Net,
    head: Head,
    records: RecordIndex,
    layout: Layout,
    evaluation: Evaluation,
) -> dict[str, float]:
    """components.evaluation.metrics.metrics_of, of a net that was trained on such records.

    Args:
        network: fully convolutional; its classes are those of the records, in their order.
        net: what it is.
        head: what surrounds it: the mean RGB and the limits of what it looks at.
        records: of the validation images. One that does not decode is an error.
        layout: of the records.
        evaluation: protocol, Q and flip.
    """
    scorers = [
        ViewScorer(
            network,
            method=method,
            shorter_side=side,
            input_size=net.input_size,
            mean_rgb=head.mean_rgb,
            most_pixels=head.most_pixels,
            squares=head.squares,
        )
        for method in evaluation.protocol.methods
        for side in evaluation.shorter_sides
    ]
    uniform = np.full(net.classes, 1 / net.classes, np.float32)
    undecodable = Scores(uniform, uniform)  # an error under the rule for ties, as the Scorer has it
    sums = None
    for images, encoded in _batches(records, layout):
        by_view = [scorer(encoded) for scorer in scorers]
        for image, scores in zip(images, zip(*by_view, strict=True), strict=True):
            found = [one or undecodable for one in scores]
            views = [averaged_over_flips(one.plain, one.flipped, evaluation.flip) for one in found]
            average = np.mean(views, axis=0)
            added = image_statistics(average, image.label)
            sums = added if sums is None else sums + added
    return metrics_of(sums)


def _batches(records: RecordIndex, layout: Layout) -> Iterator[tuple[Sequence[Labelled], Sequence[bytes]]]:
    """(images, encoded photographs)."""
    in_order = records_in_order(records, np.arange(len(records)))
    for batch in elements(in_order.batch(IMAGES_AT_ONCE)):
        yield tuple(zip(*(parse_image(record, layout) for record in batch), strict=True))
