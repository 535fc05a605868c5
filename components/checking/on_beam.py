"""A data set looked at on Beam, a shard for each element, and sheets of thumbnails, one for each element.

Elements are paths and places: what is read stays with the worker, and its findings go to files, so that
memory does not grow with the images, whatever the runner keeps of its elements.
"""

import os
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from components.checking.progress import tell
from components.checking.shard import Shard, check_shard
from components.checking.sheets import Sheet, draw
from components.datasets.layouts import Layout

PROGRESS = "progress"


def check_shards(shards: Sequence[Shard], layout: Layout, folder: str, options: Sequence[str]) -> None:
    """Leaves the findings of each shard in a folder (components.checking.shard).

    Args:
        shards: to be looked at.
        layout: of their records.
        folder: of this machine; PROGRESS in it is told of images and bytes.
        options: of Beam.
    """
    _run(shards, beam.Map(_check, layout, folder), options)


def draw_sheets(sheets: Sequence[Sheet], folder: str, work: str, options: Sequence[str]) -> None:
    """Draws the sheets into a folder (components.checking.sheets); PROGRESS in `work` is told of them."""
    _run(sheets, beam.Map(_draw, folder, work), options)


def _run(elements: Sequence, each: beam.PTransform, options: Sequence[str]) -> None:
    try:
        with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
            _ = pipeline | beam.Create(list(elements)) | beam.Reshuffle() | each
    except RuntimeError as error:
        # Beam in this process makes one of a Ctrl-C, which comes to whichever element is in work.
        if _stopped(error):
            raise KeyboardInterrupt from error
        raise


def _stopped(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _check(shard: Shard, layout: Layout, folder: str) -> None:
    path = os.path.join(folder, PROGRESS)
    check_shard(shard, layout, folder, lambda images, size: tell(path, images, size))


def _draw(sheet: Sheet, folder: str, work: str) -> None:
    draw(sheet, folder, work)
    tell(os.path.join(work, PROGRESS), 1, 1)
