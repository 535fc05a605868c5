"""Whole runs of small pipelines: components side by side in processes of their own, and how they end.

Each run is a process of its own, forked from one that has imported TFX, as the commands' is one that has.
"""

import re
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import tensorflow as tf
from helpers.pipeline.meeting_pipeline import run_components
from helpers.pipeline.stand_in_engine import forked
from helpers.serving.model_server import VERSION, picture
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Ran:
    """A run: its exit status, standard output and error, and its folder."""

    status: int
    said: str
    line: str
    folder: Path

    @property
    def states(self) -> Counter:
        """How many executions ended in which state."""
        connection = metadata.sqlite_metadata_connection_config(str(self.folder / "home" / "metadata.sqlite"))
        with metadata.Metadata(connection) as handle:
            name = mlmd.Execution.State.Name
            return Counter(name(one.last_known_state) for one in handle.store.get_executions())

    def values(self) -> dict[str, str]:
        """What components have written, by their ids."""
        found = (self.folder / "home" / "pipeline").glob("*/text/*/value")
        return {path.parents[2].name: path.read_text() for path in found}


@pytest.fixture
def run(tmp_path):
    def run(name: str, side_by_side: int = 2, only_one_process: bool = False) -> Ran:
        for file in ("out.txt", "err.txt"):
            (tmp_path / file).unlink(missing_ok=True)
        status = forked(run_components, name, str(tmp_path), side_by_side, only_one_process)
        said, line = ((tmp_path / file).read_text() for file in ("out.txt", "err.txt"))
        return Ran(status, said, line, tmp_path)

    return run


def test_two_that_do_not_wait_for_each_other_are_at_work_at_once_and_what_reads_them_comes_after(run):
    """Each of the two would wait for ever for the other one if they were not."""
    ran = run("meeting")
    assert (ran.status, ran.line) == (0, "")
    values = ran.values()
    assert values["Last"] == f"{values['Meets.a']} end"
    order = re.findall(r"^  ([\w.]+) +[\d.]+ s$", ran.said, re.MULTILINE)
    assert order[0] == "First"
    assert set(order[1:3]) == {"Meets.a", "Meets.b"}
    assert order[3:] == ["Last"]
    # Where several run, lines say whose they are; a single component's are as it prints them.
    assert "\n  Meets.a: waits for b\n" in ran.said
    assert "\nsays begin\n" in ran.said
    assert "\nsays end\n" in ran.said
    (logs,) = (path for path in (ran.folder / "home" / "logs").iterdir() if path.is_dir())
    assert {path.name for path in logs.iterdir()} == {f"{node}.log" for node in values}
    again = run("meeting")
    assert set(re.findall(r"^  ([\w.]+) +cached$", again.said, re.MULTILINE)) == set(values)
    assert again.states == Counter(COMPLETE=4, CACHED=4)


def test_posteriors_are_the_same_to_the_last_bit_as_those_of_one_process(run, pushed, tmp_path):
    """As on several machines, where the run's own process does everything, one after another."""
    (tmp_path / "model").symlink_to(pushed / str(VERSION))
    (tmp_path / "data").mkdir()
    for split in ("train", "validation"):
        with tf.io.TFRecordWriter(str(tmp_path / "data" / f"{split}-00000-of-00001")) as writer:
            for seed in range(6):
                writer.write(_example(picture(seed % 2, 90 + 4 * seed, 70), 1 + seed % 2, f"{seed}.jpg"))
    one = run("scoring", only_one_process=True)
    values = one.values()
    assert (one.status, [len(value.splitlines()) for value in values.values()]) == (0, [6, 6])
    shutil.rmtree(tmp_path / "home")
    several = run("scoring")
    assert several.values() == values
    assert "cached" not in several.said


@pytest.mark.parametrize(
    ("how", "status", "line"),
    [
        ("refused", 2, r"vgg: refused it was\n"),
        ("failed", 1, r"vgg: Fails failed: KeyError: 'failed it was'; the whole story: .+/Fails\.log\n"),
        (
            "killed",
            1,
            r"vgg: Fails failed: its process was ended by SIGKILL, when it held \d\.\d GiB; the system does "
            r"so where memory runs out: .+VGG_SIDE_BY_SIDE=1; the whole story: .+\n",
        ),
    ],
)
def test_of_a_failure_there_is_one_line_and_what_runs_is_finished(run, how, status, line):
    ran = run(how)
    assert ran.status == status
    assert re.fullmatch(line, ran.line), ran.line
    assert ran.values() == {"Beside": "outlived "}
    assert ran.states == Counter(FAILED=1, COMPLETE=1)


@pytest.mark.parametrize(
    ("how", "status", "line"),
    [
        ("terminated", 75, "vgg: stopped by SIGTERM after step 3; run the same command to go on\n"),
        ("interrupted", 130, "vgg: interrupted; finished components are kept, run again to go on\n"),
    ],
)
def test_a_signal_ends_all_and_a_training_keeps_what_it_has(run, how, status, line):
    """The training ends only by SIGTERM; the other one sleeps for minutes where nothing ends it."""
    ran = run(how)
    assert (ran.status, ran.line) == (status, line)
    assert ran.values() == {}
    assert ran.states == Counter(FAILED=2)
    assert ("Ctrl-C again ends it at once" in ran.said) == (how == "interrupted")
    (logs,) = (path for path in (ran.folder / "home" / "logs").iterdir() if path.is_dir())
    assert "Preempted: stopped by SIGTERM after step 3" in (logs / "Trains.log").read_text()


def _example(encoded: bytes, label: int, name: str) -> bytes:
    example = tf.train.Example()
    features = example.features.feature
    features["image/encoded"].bytes_list.value.append(encoded)
    features["image/class/label"].int64_list.value.append(label)
    features["image/filename"].bytes_list.value.append(name.encode())
    return example.SerializeToString()
