"""What the other platform has made is served, evaluated, trained on and gone on with under this one."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from platforms.handed_over import (
    EPOCHS,
    compiled_pipeline,
    evaluation,
    run,
    trained_on,
    validation_photographs,
)

from serving.candidate import ask, in_process
from serving.model_server import ModelServer
from serving.saved_model.signatures import AVERAGED

NEAR = 1e-5
FOLDER = os.environ.get("VGG_OTHER_PLATFORM", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not FOLDER, reason="needs what another platform hands over (make test-debian13)"),
]


@pytest.fixture(scope="module")
def other() -> Path:
    return Path(FOLDER)


@pytest.fixture(scope="module")
def answers(other) -> dict[str, np.ndarray]:
    return dict(np.load(other / "answers.npz"))


def test_its_pipeline_is_the_same(other):
    """The cache's keys are made from it: a home folder goes on under another platform."""
    assert compiled_pipeline() == (other / "pipeline.json").read_text()


def test_its_model_answers_the_same_in_process(other, answers):
    found = in_process(str(other / "model"), validation_photographs(other / "data"))
    assert len(np.unique(answers["model"][:, 0])) == len(found), "answers that are alike would show nothing"
    np.testing.assert_allclose(found, answers["model"], atol=NEAR)


def test_its_model_answers_the_same_when_served(other, answers, tmp_path):
    (tmp_path / "1").symlink_to(other / "model")
    with ModelServer(str(tmp_path)) as server:
        served = ask(server.address, validation_photographs(other / "data"))[AVERAGED]
    np.testing.assert_allclose(served, answers["model"], atol=NEAR)


def test_its_model_has_the_same_evaluation(other, tmp_path):
    there, here = json.loads((other / "evaluation.json").read_text()), evaluation(other, tmp_path / "home")
    numbers_there, numbers_here = list(_numbers(there)), list(_numbers(here))
    assert len(numbers_there) > 10
    np.testing.assert_allclose(numbers_here, numbers_there, atol=NEAR)


def test_its_model_trained_on_is_the_same(other, answers, tmp_path):
    found = in_process(str(trained_on(other, tmp_path)), validation_photographs(other / "data"))
    assert np.abs(answers["trained_on"] - answers["model"]).max() > 100 * NEAR, "training must change it"
    np.testing.assert_allclose(found, answers["trained_on"], atol=NEAR)


def test_its_run_goes_on_from_where_it_was_stopped(other):
    if not (other / "home").exists():
        pytest.skip("that platform is the newer one: a home folder goes from the older one to the newer")
    started = run(other)
    said, _ = started.communicate()
    assert started.returncode == 0, said
    reused = ("ShardExampleGen", "StatisticsGen", "Transform", "UndecodableGate")
    assert set(reused) <= set(re.findall(r"([\w.]+) +cached", said))
    assert re.search(r"going on after step \d+, in epoch 3", said)
    epochs = [int(number) for number in re.findall(r"epoch +(\d+)  loss", said)]
    assert epochs == list(range(3, EPOCHS + 1))
    assert "Pushed model: " in said


def _numbers(document):
    """All numbers of a JSON document but intervals' bounds, which TFMA's bootstrap draws without a seed."""
    if isinstance(document, dict):
        for name, value in sorted(document.items()):
            if name not in ("low", "high", "lower", "upper", "interval"):
                yield from _numbers(value)
    elif isinstance(document, list):
        for value in document:
            yield from _numbers(value)
    elif isinstance(document, int | float) and not isinstance(document, bool):
        yield document
