"""What `vgg data folders` prints where there is much to print."""

import io

from helpers.class_folders import manifest, photographs, run
from rich.console import Console
from rich.progress import Progress

from pipeline.commands.data_screen import Screen, columns


def test_of_many_unreadable_files_the_first_are_printed_and_all_listed(tmp_path):
    source = photographs(tmp_path / "src", "ab", 2)
    for index in range(30):
        (source / "a" / f"text {index:02d}.jpg").write_text("no image")
    result = run(source, tmp_path / "out")
    lines = [line for line in result.stderr.splitlines() if line.startswith("unreadable")]
    assert lines[0] == "unreadable: a/text 00.jpg: is no image"
    assert lines[20:] == ["unreadable: more files, all listed in dataset.json once the data set is written"]
    assert len(manifest(tmp_path / "out")["unreadable"]) == 30
    assert "30 files" in result.stdout


def test_names_are_printed_on_one_line(tmp_path):
    source = photographs(tmp_path / "src", "ab", 2)
    (source / "a" / "two\nlines\x1b[31m.jpg").write_text("no image")
    result = run(source, tmp_path / "out")
    assert r"unreadable: a/two\nlines\x1b[31m.jpg: is no image" in result.stderr


def test_a_data_set_that_is_there_is_described_as_when_it_was_made(tmp_path):
    source = photographs(tmp_path / "src", ("a", "b\tc"), 3)
    (source / "a" / "text.jpg").write_text("no image")
    (source / "a" / "again.jpg").write_bytes((source / "a" / "0.jpg").read_bytes())
    first, second = (run(source, tmp_path / "out").stdout.splitlines()[:-1] for _ in range(2))
    assert second == ["already there: the same data set, left untouched", *first]
    assert any(line.startswith("repeated ") for line in first)


def test_the_rate_is_of_the_time_since_the_stage_began():
    """16 of 32 images are told of at once, two seconds after the beginning: 8 images a second."""
    now, shown = 100.0, io.StringIO()
    console = Console(file=shown, width=100, force_terminal=True)
    progress = Progress(*columns(), console=console, get_time=lambda: now, auto_refresh=False)
    with progress:
        screen = Screen(progress)
        screen.begins("looked at", 32)
        now += 2
        for _ in range(16):
            screen.step("looked at", 32)
        progress.refresh()
    assert "16/32" in shown.getvalue()
    assert " 8 images/s" in shown.getvalue()
