"""Continuous training as a whole: generations of data one after another, the server, and the way back."""

import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers.pipeline.generations import COLOURS, EXPERIMENT, picture, write_generation
from helpers.serving.running_server import PATIENCE, RunningServer, arrays, predict_request

from pipeline.commands.drift import drift
from pipeline.commands.generations import generations
from pipeline.commands.rollback import rollback
from pipeline.continuous.generation import Request, once
from pipeline.continuous.record import Record, Records, decided
from pipeline.exit_status import BLESSED, FAULTY_DATA, NOT_BLESSED, NOTHING_NEW

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WHOLE = "VGG_TEST_GENERATIONS"
SPANS = (1, 2, 3, 4, 5) if os.environ.get(WHOLE) else (2, 5)
"""Each is a run of the whole pipeline, a minute of processor time; with WHOLE=1 all of them."""

KNOWN = {"blue": "blue", "green": "green", "red": "red"}
DRIFTED = {"size": (36, 48), "light": 0.6}
GENERATIONS = {
    1: {"seed": 1, "wrong": 0.8, "train": 48},
    2: {"seed": 2},
    3: {"seed": 3, "wrong": 1.0},
    4: {"seed": 4, **DRIFTED},
    5: {"seed": 5, "classes": ("blue", "green", "red", "yellow"), "train": 416},
}


@dataclass
class Story:
    """One home folder, what was decided of each generation in turn, and what the server answered then.

    Attributes:
        versions: folders of the pushed models after each look.
        answers: after each look, the best class of a picture of each colour.
    """

    home: Path
    statuses: dict[int, int]
    said: dict[int, list[str]]
    records: dict[int, Record]
    versions: dict[int, list[str]]
    answers: dict[int, dict[str, str]]
    rolled_back: dict[str, str]
    nothing_new: int
    logs: dict[int, tuple[str, ...]] = field(default_factory=dict)
    gone_on: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("continuous")
    home, data = folder / "home", folder / "data"
    (folder / "colours.toml").write_text(EXPERIMENT)
    variables = {
        "VGG_HOME": str(home),
        "VGG_DATA": str(data),
        "VGG_EXPERIMENT": str(folder / "colours.toml"),
        "VGG_DOCKER": "0",
    }
    found, base = Story(home, {}, {}, {}, {}, {}, {}, -1), home / "serving" / "vgg"
    with ExitStack() as stack:
        server = None
        for span in SPANS:
            write_generation(data / f"span-{span}", **GENERATIONS[span])
            logs = _asked(server, folder / "logs", DRIFTED if span > 3 else {}) if span >= 3 else ()
            found.logs[span] = logs
            found.said[span] = []
            found.statuses[span] = once(variables, Request(logs=logs), found.said[span].append)
            found.records[span] = decided(Records(home).read())[-1]
            found.versions[span] = sorted(path.name for path in base.iterdir())
            logging = {"request_log_prefix": str(folder / "logs" / "vgg"), "request_log_file_seconds": 0.1}
            server = server or stack.enter_context(RunningServer(base, **logging))
            found.answers[span] = _answers(server, found.versions[span][-1])
        found.nothing_new = once(variables, Request(), lambda line: None)
        found.gone_on = _killed_before_it_was_written_down(home, variables)
        CliRunner().invoke(rollback, ["--home", str(home)], standalone_mode=False, catch_exceptions=False)
        found.rolled_back = _answers(server, found.versions[5][-2])  # where the fourth was pushed, that one
    return found


def _asked(server: RunningServer, folder: Path, look: dict) -> tuple[str, ...]:
    """The file of the request log that comes of a request of many pictures."""
    before = set(folder.glob("vgg-*"))
    images = [picture(colour, 90_000 + number, **look) for number in range(70) for colour in KNOWN]
    server.shared_prediction.Predict(predict_request(images))
    end = time.monotonic() + PATIENCE
    # An answer before may have its file only now.
    while not (new := {each for each in set(folder.glob("vgg-*")) - before if each.stat().st_size > 100_000}):
        assert time.monotonic() < end
        time.sleep(0.05)
    return tuple(map(str, new))


def _killed_before_it_was_written_down(home: Path, variables: dict[str, str]) -> list[str]:
    """What the next look says where the last decision is missing; it is written down again."""
    records = Records(home)
    lines = records.path.read_text().splitlines(keepends=True)
    records.path.write_text("".join(lines[:-1]))
    said: list[str] = []
    once(variables, Request(), said.append)
    return said


@pytest.fixture
def whole(story) -> Story:
    if len(SPANS) < len(GENERATIONS):
        pytest.skip(f"five runs of the pipeline take minutes; {WHOLE}=1 runs them")
    return story


def _answers(server: RunningServer, version: str) -> dict[str, str]:
    """Of the version that is to be served now, once it is, when the newest one is asked for."""
    end = time.monotonic() + PATIENCE
    available = [version]
    while (there := [str(n) for n, state in server.states().items() if state == "AVAILABLE"]) != available:
        assert time.monotonic() < end, (there, version)
        time.sleep(0.05)
    request = predict_request([picture(colour, 77) for colour in COLOURS])
    response = server.shared_prediction.Predict(request)
    assert str(response.model_spec.version.value) == version
    best = arrays(response)["top_classes"][:, 0]
    return {colour: name.decode() for colour, name in zip(COLOURS, best, strict=True)}


def _error(figures: dict[str, list]) -> float:
    return figures["top1_error"][0]


def test_the_first_generation_is_pushed_as_there_is_nothing_to_compare_it_with(story):
    first = story.records[SPANS[0]]
    assert (story.statuses[SPANS[0]], first.decision, first.start) == (BLESSED, "pushed", "")
    assert first.baseline == {}
    assert "no blessed model of these classes before it" in first.reason
    assert first.images == {"train": GENERATIONS[SPANS[0]].get("train", 208), "eval": 24}


def test_a_better_one_is_pushed_and_served(whole):
    story = whole
    first, better = story.records[1], story.records[2]
    assert (story.statuses[2], better.decision) == (BLESSED, "pushed")
    assert better.start == first.pushed
    assert better.start_in_words == f"all layers of {first.pushed}"
    assert _error(better.candidate) < _error(better.baseline)
    assert better.baseline_span == [1, None]
    value, lower, upper = better.candidate["top1_error"]
    assert 0 <= lower <= value <= upper <= 1
    assert len(story.versions[2]) == 2


def test_a_bad_one_is_refused_and_the_reason_can_be_read(whole):
    story = whole
    bad = story.records[3]
    assert (story.statuses[3], bad.decision, bad.pushed) == (NOT_BLESSED, "refused", "")
    worse = _error(bad.candidate) - _error(bad.baseline)
    said = f"top-1 error, averaged over all views, is {worse:.1%} above the last blessed model's"
    assert bad.reason.startswith(said)
    assert bad.baseline_span == [2, None]
    assert story.versions[3] == story.versions[2]
    assert story.answers[3] == story.answers[2]
    assert {colour: story.answers[3][colour] for colour in KNOWN} == KNOWN


def test_a_drifted_one_is_decided_by_its_figures(whole):
    story = whole
    drifted = story.records[4]
    assert drifted.baseline_span == [2, None]
    assert drifted.start == story.records[2].pushed
    pushed = _error(drifted.candidate) <= _error(drifted.baseline)
    assert drifted.decision == ("pushed" if pushed else "refused")


def test_requests_like_the_training_images_have_not_drifted(whole):
    story = whole
    found = story.records[3].drift
    assert found["model"] == story.records[2].pushed
    assert (found["trained"], found["served"], found["drifted"]) == (208, 210, [])
    assert any(line.startswith("No drift: 210 served images") for line in story.said[3])


def test_darker_and_smaller_requests_have_drifted_and_the_features_are_named(story):
    span = next(span for span in SPANS if span > 3)
    found = story.records[span].drift
    drifted = {"height", "width", "mean_red", "mean_green", "mean_blue", "contrast"}
    assert drifted <= set(found["drifted"])
    assert not {"aspect_ratio", "format", "channels"} & set(found["drifted"])
    words = ["--log", *story.logs[span], "--model", found["model"]]
    command = CliRunner().invoke(drift, [*words, "--json"], standalone_mode=False)
    assert (command.return_value, json.loads(command.output)) == (FAULTY_DATA, found)
    printed = CliRunner().invoke(drift, words, standalone_mode=False).output
    assert "mean_red: The approximate Jensen-Shannon divergence between training and serving is" in printed


def test_a_new_class_takes_the_layers_below_and_is_held_against_thresholds_alone(story):
    new, before = story.records[5], story.records[SPANS[-2]]
    assert (story.statuses[5], new.decision) == (BLESSED, "pushed")
    assert (new.classes_differ, new.classes_added, new.classes_removed) == (True, ["yellow"], [])
    assert new.baseline == {}
    served = before.pushed or story.records[2].pushed
    assert new.start_in_words == f"all layers but the last of {served}"
    assert "classes differ from the last model's (new: yellow)" in new.reason
    assert story.answers[5]["yellow"] == "yellow"
    assert _error(new.candidate) < 0.5, "three quarters are chance"
    assert story.answers[SPANS[-2]]["yellow"] in KNOWN


def test_nothing_is_trained_twice(story):
    assert story.nothing_new == NOTHING_NEW
    assert len(list((story.home / "logs").glob("*.log"))) == len(SPANS)


def test_a_run_that_ended_and_was_not_written_down_is_not_pushed_twice(story):
    assert any("goes on with what was begun" in line for line in story.gone_on)
    assert story.gone_on[-1].startswith("span 5: pushed. ")
    records = decided(Records(story.home).read())
    assert (records[-1].run, records[-1].reason) == (story.records[5].run, story.records[5].reason)


def test_rollback_serves_the_version_before(story):
    assert story.rolled_back == story.answers[SPANS[-2]]


def test_decisions_are_printed_and_the_run_that_each_names_is_recorded(story):
    printed = CliRunner().invoke(generations, ["--home", str(story.home), "--json"], standalone_mode=False)
    lines = [json.loads(line) for line in printed.output.splitlines()]
    assert [line["span"] for line in lines] == list(SPANS)
    assert len({line["run"] for line in lines}) == len(SPANS)
    assert all(line["fingerprint"] for line in lines)
    table = CliRunner().invoke(generations, ["--home", str(story.home)], standalone_mode=False)
    reason = story.records[5].reason
    assert f"span 5, colours: {reason}\n  starts from all layers but the last" in table.output
