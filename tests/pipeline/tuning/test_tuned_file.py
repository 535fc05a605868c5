"""The best values as an experiment file: read again they are the trial's configuration, whatever its base."""

import dataclasses
import io

import pytest
from rich.console import Console

from components.tuning.space import Dimension, Tuning, with_values
from components.tuning.trials import Outcome, Trial, best_first
from models.errors import InputError
from pipeline.experiments.catalogue import EXPERIMENTS
from pipeline.experiments.chosen import chosen
from pipeline.tuning.table import show
from pipeline.tuning.tuned_file import Source, check_place, write_tuned

VALUES = {
    "training.learning_rate": 0.00123,
    "training.batch": 32,
    "net.width": 4,
    "training.precision": "float32",
}
MINE = """
base = "flowers"
name = "mine"
most_undecodable = 0.1
[net]
width = 16
[evaluation]
shorter_sides = [128, 160]
[[evaluation.thresholds]]
metric = "top1_error"
most = 0.5
by_class = true
"""


def outcome(error: float, **more) -> Outcome:
    metrics = {"images": 300.0, "top1_error": error, "top5_error": error / 2, "cross_entropy": 3 * error}
    return Outcome(metrics, **{"seconds": 61.0, **more})


@pytest.mark.parametrize("settings", ["", "training.momentum=0.8 training.drops=[3,4] net.input_size=32"])
@pytest.mark.parametrize("base", ["demo", "mine.toml"])
def test_what_is_written_is_read_as_the_best_trial(tmp_path, base, settings):
    (tmp_path / "mine.toml").write_text(MINE)
    named = str(tmp_path / base) if base.endswith(".toml") else base
    (name,), found = chosen(named, settings, EXPERIMENTS)
    out = tmp_path / "best.toml"
    write_tuned(out, Source(named, settings, "/data"), Trial(3, VALUES, outcome(0.01)), 4, "top1_error")
    (own,), read = chosen(str(out), "", EXPERIMENTS)
    assert own == "best"
    assert read[own].config == with_values(found[name].config, VALUES)
    assert read[own].evaluation == found[name].evaluation
    assert read[own].most_undecodable == found[name].most_undecodable
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.toml", "mine.toml"]


def test_the_file_says_what_its_values_are_worth(tmp_path):
    source = Source("demo", "", "/data/shapes", shortened=5)
    write_tuned(tmp_path / "best.toml", source, Trial(3, VALUES, outcome(0.0125)), 4, "top1_error")
    assert (tmp_path / "best.toml").read_text() == (
        "# The best of 4 trials of demo on /data/shapes: top-1 error 1.2 % of 300 validation images,\n"
        "# by which it was chosen: expect more on images that had no say in it.\n"
        "# The trials ended after epoch 5; this experiment has its base's epochs.\n"
        'base = "demo"\nname = "best"\n\n[net]\nwidth = 4\n\n'
        '[training]\nlearning_rate = 0.00123\nbatch = 32\nprecision = "float32"\n'
    )


def test_a_place_that_cannot_be_written_is_found_before_the_first_trial(tmp_path):
    (tmp_path / "there.toml").write_text("mine")
    for path, said in (
        ("there.toml", "is there already"),
        ("best.txt", "expected a name that ends in .toml"),
        ("demo.toml", "is one of the built-in experiments'"),
        ("none/best.toml", "there is no folder"),
    ):
        with pytest.raises(InputError, match=said):
            check_place(tmp_path / path)
    check_place(tmp_path / "best.toml")


TRIALS = [
    Trial(1, {"training.learning_rate": 0.0025, "net.width": 8}, outcome(0.02)),
    Trial(2, {"training.learning_rate": 0.00031, "net.width": 16}, outcome(0.09)),
    Trial(3, {"training.learning_rate": 0.05, "net.width": 4}, Outcome({}, 2.0, "the loss of step 3 is nan")),
    Trial(4, {"training.learning_rate": 0.0012, "net.width": 4}, outcome(0.01, seconds=0.0)),
]
DIMENSIONS = (Dimension("training.learning_rate", low=1e-4, high=1e-1), Dimension("net.width", (4, 8, 16)))


def _shown(objective: str) -> str:
    console = Console(file=io.StringIO(), width=80)
    show(TRIALS, Tuning(DIMENSIONS, 4, 0, objective), (64, 80), console)
    return console.file.getvalue()


def test_the_four_fields_of_every_tuning_fit_into_eighty_columns():
    values = {
        "training.learning_rate": 0.00025,
        "training.batch": 128,
        "net.width": 16,
        "training.largest_side": 512,
    }
    dimensions = tuple(Dimension(field, (value,)) for field, value in values.items())
    console = Console(file=io.StringIO(), width=80)
    trials = [Trial(number, values, outcome(0.9, seconds=12345.0)) for number in (1, 2)]
    show(trials, Tuning(dimensions, 2, 0, "top1_error"), (256, 384, 512), console)
    text = console.file.getvalue()
    assert "…" not in text
    rows = [line.split() for line in text.splitlines() if "0.00025" in line]
    assert [row[:6] for row in rows] == [[str(n), "0.00025", "128", "16", "512", "90.0%"] for n in (1, 2)]
    assert {"learning", "largest"} < set(text.split())


def test_the_table_has_the_best_first_and_what_failed_last():
    assert [line.rstrip() for line in _shown("top1_error").splitlines() if line.strip()] == [
        "4 trials, 300 validation images, Q = 64, 80",
        "         learning            top-1",
        " trial       rate   width    error   95 %             time",
        " ─────────────────────────────────────────────────────────",
        "     4     0.0012       4     1.0%   0.3 to 2.9    resumed",
        "     1     0.0025       8     2.0%   0.9 to 4.3       61 s",
        "     2    0.00031      16     9.0%   6.3 to 12.8      61 s",
        "     3       0.05       4   failed                     2 s",
        "Trial 3: the loss of step 3 is nan",
        "Best: trial 4. Trial 1, the experiment as it is: top-1 error 2.0 %.",
        "With an error within its interval, so hardly worse: 1.",
    ]


def test_by_cross_entropy_there_is_no_interval():
    shown = _shown("cross_entropy")
    assert "nats" in shown
    assert "0.030" in shown
    assert "cross-entropy 0.060 nats" in shown
    assert "interval" not in shown


def test_of_equal_trials_the_earlier_is_the_better():
    alike = [dataclasses.replace(one, outcome=outcome(0.01)) for one in TRIALS]
    assert [one.number for one in best_first(alike[::-1], "top1_error")] == [1, 2, 3, 4]
    unknown = dataclasses.replace(TRIALS[0], outcome=outcome(float("nan")))
    assert [one.number for one in best_first([unknown, *TRIALS[1:]], "top1_error")] == [4, 2, 1, 3]
