"""ILSVRC-2012 to a data set of the pipeline: plan, shards on Beam, manifest."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from components.beam_options import BEAM_ON_ALL_CORES
from components.datasets.ilsvrc.checksums import check_md5
from components.datasets.ilsvrc.labelled import Inputs
from components.datasets.ilsvrc.plan import SPLITS, is_planned, make_plan, planned_classes, planned_images
from components.datasets.ilsvrc.shard_writer import PlannedShard, account_of, unfinished_of, write_shard
from components.datasets.manifest import Account, DataSet, SplitReport, existing, save
from components.datasets.resumed import forget_work, resumed, work_of
from components.datasets.tfrecords import Watcher
from models.errors import InputError, cause_of
from models.quiet_imports import quiet_imports

# To be raised with every change that alters a record: an older data set is then not taken for a new one.
VERSION = 1
FAILED = "failed.json"
LOOK_EVERY = 0.5  # seconds


@dataclass(frozen=True)
class Options:
    """How the archives become a data set.

    Attributes:
        seed: of the order of the images.
        train_shards, validation_shards: how many; build_imagenet_data's by default.
        check_md5: the archives' checksums are compared first.
        beam: options of Beam; the shards are written side by side.
    """

    seed: int = 0
    train_shards: int = 1024
    validation_shards: int = 128
    check_md5: bool = False
    beam: tuple[str, ...] = BEAM_ON_ALL_CORES


def write_ilsvrc(
    out: Path, inputs: Inputs, options: Options | None = None, *, watcher: Watcher | None = None
) -> DataSet:
    """Writes the data set into `out`, unless it is already there; goes on where a killed run left off.

    Raises:
        InputError: an input cannot be used or they do not belong together, or `out` holds something else or
            cannot be written.
    """
    options, watcher, out = options or Options(), watcher or Watcher(), out.resolve()
    parameters = _parameters(inputs, options)
    found = existing(out, parameters)
    if found:
        forget_work(out)
        return found
    with resumed(out, parameters) as folder:
        if options.check_md5:
            check_md5(inputs, watcher)
        if not is_planned(work_of(folder)):
            make_plan(work_of(folder), inputs, options.seed, watcher)
        shards = _shards(folder, options)
        _write(folder, shards, options.beam, watcher)
        made = _data_set(out, parameters, folder, shards)
        save(made, folder)
    return made


def _parameters(inputs: Inputs, options: Options) -> dict[str, Any]:
    """Archives by name and size: looking into 138 GB would take as long as writing them."""
    given = {}
    for name, path in inputs.given.items():
        try:
            size = "folder" if path.is_dir() else path.stat().st_size
        except OSError as error:
            option = name.replace("_", "-")
            raise InputError(f"{path}: {cause_of(error)}; expected the --{option} of ILSVRC-2012") from None
        given[name] = [path.resolve().name, size]
    return {
        "generator": "vgg data ilsvrc",
        "version": VERSION,
        **given,
        "train_shards": options.train_shards,
        "validation_shards": options.validation_shards,
        "seed": options.seed,
    }


def _shards(folder: Path, options: Options) -> list[PlannedShard]:
    """At most as many as there are images."""
    asked = {"train": options.train_shards, "validation": options.validation_shards}
    shards = []
    for split in SPLITS:
        total = min(asked[split], len(planned_images(work_of(folder), split).order))
        shards += [PlannedShard(split, number, total) for number in range(total)]
    return shards


def _write(folder: Path, shards: Sequence[PlannedShard], beam: Sequence[str], watcher: Watcher) -> None:
    unfinished = [shard for shard in shards if account_of(folder, shard) is None]
    with _watched(folder, shards, watcher):
        if unfinished:
            _on_beam(partial(_write_one, folder), unfinished, beam)
    failed = work_of(folder) / FAILED
    if failed.exists():
        message = json.loads(failed.read_text(encoding="utf-8"))
        failed.unlink()
        raise InputError(message)


def _write_one(folder: Path, shard: PlannedShard) -> None:
    """Beam would put a traceback before an error's line: it goes by a file, after which no shard is begun."""
    failed = work_of(folder) / FAILED
    if failed.exists():
        return
    try:
        write_shard(folder, shard)
    except InputError as error:
        failed.write_text(json.dumps(str(error)), encoding="utf-8")
    except OSError as error:
        unfinished_of(folder, shard).unlink(missing_ok=True)  # a full disk has no room for the line
        line = f"{folder / shard.name}: cannot be written ({cause_of(error)}); expected enough free space; "
        failed.write_text(
            json.dumps(line + "free some and run again: it goes on from here"), encoding="utf-8"
        )


def _on_beam(
    work: Callable[[PlannedShard], None], shards: Sequence[PlannedShard], options: Sequence[str]
) -> None:
    with quiet_imports():
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions

    with beam.Pipeline(options=PipelineOptions(list(options))) as pipeline:
        _ = pipeline | beam.Create(shards) | beam.Reshuffle() | beam.Map(work)


@contextmanager
def _watched(folder: Path, shards: Sequence[PlannedShard], watcher: Watcher) -> Iterator[None]:
    """Tells of each finished shard, whichever process wrote it."""
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(folder, shards, watcher, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(folder: Path, shards: Sequence[PlannedShard], watcher: Watcher, over: threading.Event) -> None:
    totals = {split: len(planned_images(work_of(folder), split).order) for split in SPLITS}
    watcher.begins(SPLITS[0], totals[SPLITS[0]])
    left = list(shards)
    while left:
        is_last_look = over.wait(LOOK_EVERY)
        for shard in left.copy():
            account = account_of(folder, shard)
            if account is not None:
                left.remove(shard)
                for one in account.unreadable:
                    watcher.unreadable(one["file"], one["reason"])
                watcher.step(shard.split, totals[shard.split], account.images + len(account.unreadable))
        if is_last_look:
            return


def _data_set(out: Path, parameters: dict[str, Any], folder: Path, shards: Sequence[PlannedShard]) -> DataSet:
    categories, account = planned_classes(work_of(folder)), Account()
    splits = {
        split: SplitReport(per_class={category.synset: 0 for category in categories}) for split in SPLITS
    }
    for shard in shards:
        report, written = splits[shard.split], account_of(folder, shard)
        report.images += written.images
        report.with_boxes += written.with_boxes
        report.shards[shard.name], report.sha256[shard.name] = written.bytes, written.sha256
        report.changed += written.changed
        for synset, count in written.per_class.items():
            report.per_class[synset] += count
        account.unreadable += [{**one, "mendable": False} for one in written.unreadable]
    return DataSet(out, parameters, list(categories), splits, account)
