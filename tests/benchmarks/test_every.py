"""What `make benchmarks` runs can be run: each module has these options and reports under its own name."""

import importlib
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import every

FOLDER = Path(every.__file__).parent


@pytest.mark.parametrize("name", every.SMALL)
def test_each_takes_its_arguments_and_json(name, tmp_path):
    command = importlib.import_module(f"benchmarks.{name}").main
    words = [*every.SMALL[name].split(), "--json", str(tmp_path / "result.json")]
    assert command.make_context(name, words).params["json_file"] == tmp_path / "result.json"
    (reported,) = re.findall(r'reporting\(\s*"(\w+)"', (FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    assert reported == name


def test_one_that_fails_is_named_and_the_others_are_run(tmp_path, monkeypatch):
    monkeypatch.setattr(every, "SMALL", {"no_such": "", "photographs": ""})
    done = CliRunner().invoke(every.main, ["--out", str(tmp_path)])
    assert done.exit_code == 1
    assert "no_such: failed" in done.output
    assert (tmp_path / "photographs.txt").exists()
