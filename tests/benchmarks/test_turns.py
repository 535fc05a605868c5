"""Contenders in processes of their own take turns."""

import sys
import textwrap

import click
import pytest

from benchmarks.turns import Contender

MODULE = "turning"


@pytest.fixture
def contender(tmp_path, monkeypatch):
    """From the lines of its loop to a running contender."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")

    def start(lines: str) -> Contender:
        (tmp_path / f"{MODULE}.py").write_text(
            "import time\nfrom benchmarks.turns import Turns\nturns = Turns(lambda: 1.5)\n"
            + textwrap.dedent(lines)
        )
        return Contender("one", MODULE)

    return start


def test_a_turn_is_timed_and_does_what_it_is_told(contender):
    loop = """
    while True:
        what = turns.begin()
        print("on standard output, which is the wire")
        time.sleep(float(what))
        turns.end(asked=float(what))
    """
    with contender(loop) as one:
        samples = [one.step(4, what) for what in ("0.5", "0.01")]
        assert [asked["asked"] for asked in one.more] == [0.5, 0.01]
    assert samples[0].seconds >= 0.5
    assert samples[1].seconds >= 0.01
    assert samples[0].processor < 0.4
    assert [sample.count for sample in samples] == [4, 4]
    assert samples[0].gib == 1.5


def test_one_that_fails_says_why(contender):
    with (
        contender('turns.begin()\nraise SystemExit("no memory")') as one,
        pytest.raises(click.ClickException, match="one: status 1: .*no memory"),
    ):
        one.step()


def test_it_ends_with_the_context(contender):
    with contender("while True:\n    turns.begin()\n    turns.end()") as one:
        one.step()
        process = one._process
    assert process.returncode is not None
