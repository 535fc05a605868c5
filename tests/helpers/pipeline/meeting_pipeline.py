"""Pipelines of components that wait for one another, fail, or are killed, run as the project's own are."""

import dataclasses
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import tensorflow as tf
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from components.evaluation.model_evaluation import find_examples, local_pipeline
from components.evaluation.posteriors import from_record, partition_files
from components.evaluation.scorer import write_posteriors
from components.evaluation.view import View
from components.training.preemption import Preemption
from models.errors import InputError, Preempted
from models.protocols import Method
from pipeline.environment import Environment
from pipeline.exit_status import exit_status
from pipeline.experiments.catalogue import experiment
from pipeline.metadata_connection import metadata_connection
from pipeline.running import local_runner

String = standard_artifacts.String


@component
def Meets(  # noqa: N802 - TFX names components so
    text: OutputArtifact[String], own: Parameter[str], other: Parameter[str]
) -> None:
    """Ends only where `other` is at work at the same time: both open each other's named pipe."""
    print(f"waits for {os.path.basename(other)}", flush=True)
    first, second = sorted([own, other])
    for path in (first, second):
        with open(path, "w" if path == own else "r"):
            pass
    text.value = f"met in {os.getppid()}"


@component
def Says(  # noqa: N802
    text: OutputArtifact[String], word: Parameter[str], before: InputArtifact[String] = None
) -> None:
    """Writes what it has read and a word."""
    print(f"says {word}", flush=True)
    text.value = f"{before.value} {word}" if before else word


@component
def Scores(  # noqa: N802
    text: OutputArtifact[String], model: Parameter[str], examples: Parameter[str], side: Parameter[int]
) -> None:
    """All posteriors of a net at one Q, as hexadecimal digits of their float32."""
    found, folder = find_examples(examples), str(Path(text.uri).parent / f"posteriors-{side}")
    write_posteriors(
        local_pipeline(),
        examples=found.files,
        labels=found.labels,
        model=model,
        view=View("net", Method.DENSE, side),
        folder=folder,
        images=6,
    )
    records = tf.data.TFRecordDataset(partition_files(folder, 0)).as_numpy_iterator()
    scored = sorted(map(from_record, records), key=lambda one: one.image.key)
    text.value = "\n".join(one.plain.tobytes().hex() + one.flipped.tobytes().hex() for one in scored)


@component
def Fails(  # noqa: N802
    text: OutputArtifact[String], how: Parameter[str], open_till_the_end: Parameter[str]
) -> None:
    """By an exception, or killed."""
    del text
    os.open(open_till_the_end, os.O_WRONLY)
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise {"refused": InputError, "failed": KeyError}[how](f"{how} it was")


@component
def Outlives(text: OutputArtifact[String], other: Parameter[str]) -> None:  # noqa: N802
    """Ends after the process that has the named pipe `other` open."""
    with open(other) as pipe:
        text.value = f"outlived {pipe.read()}"


@component
def Trains(  # noqa: N802
    text: OutputArtifact[String], begun: Parameter[str]
) -> None:
    """Until SIGTERM comes, as a training does; `begun` is a named pipe, to say that it has begun."""
    del text
    with Preemption() as stop:
        with open(begun, "w"):
            pass
        while not stop.asked:
            time.sleep(0.01)
    raise Preempted("stopped by SIGTERM after step 3; run the same command to go on")


@component
def Asks(  # noqa: N802
    text: OutputArtifact[String], begun: Parameter[str], run: Parameter[int], number: Parameter[int]
) -> None:
    """Once the other has begun: sends the run's process a signal, and waits to be ended."""
    del text
    with open(begun):
        pass
    os.kill(run, number)
    time.sleep(600)


def run_components(name: str, folder: str, side_by_side: int, only_one_process: bool = False) -> int:
    """The exit status of a run of one of PIPELINES in a folder, whose files out.txt and err.txt get what the
    terminal would. Of a process of its own."""
    for number, file in ((1, "out.txt"), (2, "err.txt")):
        os.dup2(os.open(os.path.join(folder, file), os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    # Where the tests were begun in a shell's background, SIGINT is ignored, as it then is in all children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    home = Path(folder) / "home"
    environment = dataclasses.replace(
        Environment.from_variables({"VGG_HOME": str(home)}), side_by_side=side_by_side
    )
    # No model comes of it.
    local_runner.results.last_results = lambda *_: SimpleNamespace(refusals=())
    local_runner.results.show = lambda *_: None
    if only_one_process:
        local_runner.chief_here = lambda: "a chief"
    pipeline = Pipeline(
        pipeline_name="vgg",
        pipeline_root=str(environment.pipeline_root),
        components=PIPELINES[name](Path(folder)),
        enable_cache=True,
        metadata_connection_config=metadata_connection(environment),
    )

    def run() -> int:
        local_runner.Runner(experiment("demo"), environment).run(pipeline)
        return 0

    return exit_status(run)


def _pipe(folder: Path, name: str) -> str:
    path = folder / name
    if not path.exists():
        os.mkfifo(path)
    return str(path)


def _meeting(folder: Path) -> list[BaseNode]:
    """One, two that meet, and one that reads both."""
    first = Says(word="begin").with_id("First")
    pipes = _pipe(folder, "a"), _pipe(folder, "b")
    both = [
        Meets(own=own, other=other).with_id(f"Meets.{os.path.basename(own)}")
        for own, other in (pipes, pipes[::-1])
    ]
    for one in both:
        one.add_upstream_node(first)
    last = Says(word="end", before=both[0].outputs["text"]).with_id("Last")
    last.add_upstream_node(both[1])
    return [first, *both, last]


def _failing(how: str) -> Callable[[Path], list[BaseNode]]:
    """One that fails, one beside it, and one that would come after them."""

    def nodes(folder: Path) -> list[BaseNode]:
        pipe = _pipe(folder, "open")
        fails = Fails(how=how, open_till_the_end=pipe).with_id("Fails")
        beside = Outlives(other=pipe).with_id("Beside")
        after = Says(word="after", before=beside.outputs["text"]).with_id("After")
        after.add_upstream_node(fails)
        return [fails, beside, after]

    return nodes


def _ended(number: int) -> Callable[[Path], list[BaseNode]]:
    """A training, and one that sends the run's process a signal once that has begun."""

    def nodes(folder: Path) -> list[BaseNode]:
        begun = _pipe(folder, "begun")
        trains = Trains(begun=begun).with_id("Trains")
        asks = Asks(begun=begun, run=os.getpid(), number=number).with_id("Asks")
        after = Says(word="after", before=trains.outputs["text"]).with_id("After")
        return [trains, asks, after]

    return nodes


def _scoring(folder: Path) -> list[BaseNode]:
    """Two views of the net and the data that lie in the folder."""
    model, data = str(folder / "model"), str(folder / "data")
    return [Scores(model=model, examples=data, side=side).with_id(f"Scores.{side}") for side in (64, 80)]


PIPELINES: dict[str, Callable[[Path], list[BaseNode]]] = {
    "meeting": _meeting,
    "scoring": _scoring,
    "failed": _failing("failed"),
    "refused": _failing("refused"),
    "killed": _failing("killed"),
    "terminated": _ended(signal.SIGTERM),
    "interrupted": _ended(signal.SIGINT),
}
