"""The paper's chain of nets in miniature: each a cached artifact, and a fusion over stored posteriors."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

# The limit ends what hangs; it is no measure of speed on a machine that has other work.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

# The chain with one epoch for each net, and a fusion of two of its nets under multi-crop & dense.
ONE_EPOCH_EACH = """
import dataclasses, sys
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
sys.exit(exit_status(run))
"""


def _run(folder: Path, experiment: str) -> subprocess.CompletedProcess:
    variables = {
        "VGG_DATA": str(folder / "data"),
        "VGG_HOME": str(folder / "home"),
        "VGG_EXPERIMENT": experiment,
    }
    return subprocess.run(
        [sys.executable, "-c", ONE_EPOCH_EACH],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _nodes(output: str, kind: str) -> dict[str, str]:
    """Each Trainer or Scorer and whether it ran or was cached."""
    found = re.findall(rf"^ +({kind}\.\S+) +(cached|[\d.]+ s)$", output, re.MULTILINE)
    return {name: "cached" if state == "cached" else "ran" for name, state in found}


def test_nets_and_posteriors_are_shared_between_experiments(tmp_path):
    sample = [str(BIN / "vgg"), "data", "sample", "--out", str(tmp_path / "data")]
    subprocess.run(sample, check=True, capture_output=True)
    first = _run(tmp_path, "small-D-64")
    assert first.returncode == 0, first.stdout + first.stderr
    assert _nodes(first.stdout, "Trainer") == {"Trainer.small-A-64": "ran", "Trainer.small-D-64": "ran"}

    whole = _run(tmp_path, "small-D-64-128")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert _nodes(whole.stdout, "Trainer") == {
        "Trainer.small-A-64": "cached",
        "Trainer.small-D-64": "cached",
        "Trainer.small-D-96": "ran",
        "Trainer.small-D-64-128": "ran",
    }
    assert list((tmp_path / "home" / "serving" / "vgg").iterdir())

    fused = _run(tmp_path, "fused")
    assert fused.returncode == 0, fused.stdout + fused.stderr
    assert set(_nodes(fused.stdout, "Trainer").values()) == {"cached"}
    scorers = _nodes(fused.stdout, "Scorer")
    assert {name for name, state in scorers.items() if state == "cached"} == {
        "Scorer.small-D-64-128.dense.64",
        "Scorer.small-D-64-128.dense.96",
    }
    assert "Scorer.small-D-64-128.multi-crop.96" in scorers
    assert set(re.findall(r"│ (\S+) +│ +[\d.]+% │", fused.stdout)) == {
        "small-D-64-128",
        "small-A-64",
        "average",
    }
    assert "No model was pushed." in fused.stdout
