"""A benchmark's result goes through JSON, and two are set side by side."""

import json
import os

import click
import pytest
from click.testing import CliRunner

from benchmarks import report as reports
from benchmarks.compare import main as compare
from benchmarks.report import reporting
from benchmarks.rounds import WALL, Sample, as_fast

FOUND = {"ours": 2 * [Sample(1.0, 2.0, 4, gib=1.5)], "theirs": 2 * [Sample(2.0, 3.0, 4)]}


def _write(path, processor: str = "Some CPU", found=FOUND, monkeypatch=None):
    if monkeypatch:
        monkeypatch.setattr(reports, "processor", lambda: processor)
    with reporting("crops", path, "click", batch=32) as report:
        report.rounds(found, "image")
        report.compare(as_fast(found, "ours", "theirs", by=WALL, wanted=1.5))
        report.note("drawn photographs")


def test_a_result_says_on_what_it_ran_and_what_came_out(tmp_path, capsys):
    _write(tmp_path / "crops.json")
    result = json.loads((tmp_path / "crops.json").read_text())
    assert result["name"] == "crops"
    assert result["settings"] == {"batch": 32}
    assert set(result["machine"]) == {"moment", "processor", "cores", "versions"}
    assert len(result["load"]) == 2
    sample = {"seconds": 1.0, "processor": 2.0, "count": 4, "gib": 1.5}
    assert result["contenders"]["ours"]["samples"] == [sample, sample]
    (one,) = result["comparisons"]
    assert (one["ratio"], one["wanted"], one["verdict"]) == (2.0, 1.5, "reached")
    printed = capsys.readouterr().out
    assert (
        "ours, times as fast as theirs, by time: 2.00 (2.00 to 2.00); wanted: at least 1.5: reached"
        in printed
    )
    assert "drawn photographs" in printed
    assert "images/s" in printed


def test_what_others_print_goes_to_a_log_and_the_table_stands_alone(capfd, tmp_path):
    with reporting("crops"):
        os.write(2, b"TensorFlow warns\n")
    printed = capfd.readouterr()
    assert "TensorFlow warns" not in printed.out + printed.err
    log = printed.out.rpartition("lies in ")[2].strip()
    with open(log, encoding="utf-8") as file:
        assert file.read() == "TensorFlow warns\n"
    os.unlink(log)


def test_a_result_that_could_not_be_written_is_known_before_anything_is_measured(tmp_path):
    with (
        pytest.raises(click.ClickException, match="its folder is not there; make it, or name another"),
        reporting("crops", tmp_path / "nowhere" / "crops.json"),
    ):
        pytest.fail("it began")


def test_where_a_benchmark_fails_the_log_is_named_and_no_result_is_written(capfd, tmp_path):
    def fails():
        with reporting("crops", tmp_path / "crops.json"):
            os.write(2, b"why\n")
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fails()
    assert "crops: what was printed beside lies in" in capfd.readouterr().err
    assert not (tmp_path / "crops.json").exists()


def test_two_folders_of_results_side_by_side(tmp_path, monkeypatch):
    for name, seconds in (("before", 2.0), ("after", 3.0)):
        (tmp_path / name).mkdir()
        found = {**FOUND, "theirs": 2 * [Sample(seconds, 3.0, 4)]}
        _write(tmp_path / name / "crops.json", found=found, monkeypatch=monkeypatch)
    (tmp_path / "after" / "more.json").write_text(
        (tmp_path / "after" / "crops.json").read_text().replace('"crops"', '"more"')
    )
    done = CliRunner().invoke(compare, [str(tmp_path / "before"), str(tmp_path / "after")])
    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.output.splitlines() if "times as fast" in line]
    assert line.split()[-7:] == ["2.00)", "3.00", "(3.00", "to", "3.00)", "1.5", "reached"]
    (line,) = [line for line in done.output.splitlines() if line.strip().startswith("theirs, an image")]
    assert line.split()[3:] == ["500", "750", "750", "750"]  # ms an image: clock, then processor
    assert f"more: only in {tmp_path / 'after'}" in done.output


def test_processor_time_that_is_not_known_stays_empty(tmp_path, monkeypatch, capsys):
    found = {"ours": [Sample(1.0, None, 4)], "theirs": [Sample(2.0, 3.0, 4)]}
    _write(tmp_path / "one.json", found=found, monkeypatch=monkeypatch)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("ours ")]
    assert line.split() == ["ours", "4", "4"]
    done = CliRunner().invoke(compare, [str(tmp_path / "one.json"), str(tmp_path / "one.json")])
    (line,) = [line for line in done.output.splitlines() if line.strip().startswith("ours, an image")]
    assert line.split()[3:] == ["250", "250"]


def test_seconds_of_two_processors_are_not_set_side_by_side(tmp_path, monkeypatch):
    for name, processor in (("before", "Some CPU"), ("after", "Another CPU")):
        _write(tmp_path / f"{name}.json", processor, monkeypatch=monkeypatch)
    done = CliRunner().invoke(compare, [str(tmp_path / "before.json"), str(tmp_path / "after.json")])
    assert "times as fast" in done.output
    assert "on another processor: the contenders' own figures are not set side by side" in done.output
    assert "ms before" not in done.output


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_file_that_is_no_result_is_named(tmp_path, content):
    (tmp_path / "broken.json").write_text(content)
    done = CliRunner().invoke(compare, [str(tmp_path), str(tmp_path)])
    assert done.exit_code == 1
    assert f"{tmp_path / 'broken.json'}: no benchmark's result" in done.output


def test_a_folder_without_results_is_named(tmp_path):
    done = CliRunner().invoke(compare, [str(tmp_path), str(tmp_path)])
    assert done.exit_code == 1
    assert "no results; expected .json files" in done.output
