"""The paper's chain of nets in miniature: each a cached artifact, and a fusion over stored posteriors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.datasets.sample import write_sample

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

# Runs experiments one after the other: of the chain, with one epoch for each net, and of a fusion of two of
# its nets under multi-crop & dense. One process for all, since importing TFX costs as much as such a run.
ONE_EPOCH_EACH = """
import dataclasses, os, sys
from components.recipe import Evaluation
from models.protocols import Protocol
from pipeline.exit_status import exit_status
from pipeline.experiments import catalogue, small
from pipeline.running.run import run
for name in ("small-A-64", "small-D-64", "small-D-96", "small-D-64-128"):
    entry = catalogue.EXPERIMENTS[name]
    training = dataclasses.replace(entry.config.training, most_epochs=1)
    config = dataclasses.replace(entry.config, training=training)
    catalogue.EXPERIMENTS[name] = dataclasses.replace(entry, config=config)
last = catalogue.EXPERIMENTS["small-D-64-128"]
evaluation = Evaluation((64, 96), protocol=Protocol.MULTI_CROP_DENSE)
catalogue.EXPERIMENTS["fused"] = dataclasses.replace(
    last, name="fused", evaluation=evaluation, fused_with=("small-A-64",)
)
for name in sys.argv[1:]:
    status = exit_status(lambda: run({**os.environ, "VGG_EXPERIMENT": name}))
    if status:
        sys.exit(status)
"""


def _run(folder: Path, *experiments: str) -> list[str]:
    """What each said."""
    variables = {"VGG_DATA": str(folder / "data"), "VGG_HOME": str(folder / "home")}
    ended = subprocess.run(
        [sys.executable, "-c", ONE_EPOCH_EACH, *experiments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    outputs = re.split(r"^(?=Pipeline vgg, experiment )", ended.stdout, flags=re.MULTILINE)[1:]
    assert [output.split()[3].rstrip(",") for output in outputs] == list(experiments)
    return outputs


def _nodes(output: str, kind: str) -> dict[str, str]:
    """Each Trainer or Scorer and whether it ran or was cached."""
    found = re.findall(rf"^ +({kind}\.\S+) +(cached|[\d.]+ s)$", output, re.MULTILINE)
    return {name: "cached" if state == "cached" else "ran" for name, state in found}


def test_nets_and_posteriors_are_shared_between_experiments(tmp_path):
    write_sample(tmp_path / "data", train_per_class=10, validation_per_class=4)
    first, whole, fused = _run(tmp_path, "small-D-64", "small-D-64-128", "fused")
    assert _nodes(first, "Trainer") == {"Trainer.small-A-64": "ran", "Trainer.small-D-64": "ran"}
    assert _nodes(whole, "Trainer") == {
        "Trainer.small-A-64": "cached",
        "Trainer.small-D-64": "cached",
        "Trainer.small-D-96": "ran",
        "Trainer.small-D-64-128": "ran",
    }
    assert list((tmp_path / "home" / "serving" / "vgg").iterdir())
    assert set(_nodes(fused, "Trainer").values()) == {"cached"}
    scorers = _nodes(fused, "Scorer")
    assert {name for name, state in scorers.items() if state == "cached"} == {
        "Scorer.small-D-64-128.dense.64",
        "Scorer.small-D-64-128.dense.96",
    }
    assert "Scorer.small-D-64-128.multi-crop.96" in scorers
    assert set(re.findall(r"│ (\S+) +│ +[\d.]+% │", fused)) == {
        "small-D-64-128",
        "small-A-64",
        "average",
    }
    assert "No model was pushed." in fused
