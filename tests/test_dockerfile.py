"""The Dockerfile as it is written; .ci/container.sh replays it and runs what it makes."""

import re
from pathlib import Path

import pytest
from helpers.dockerfile import context, filled, parse

ROOT = Path(__file__).parents[1]
FILE = parse((ROOT / "Dockerfile").read_text())
LOCK = (ROOT / "requirements-tfx-1.21.lock").read_text()
RUN_BY_USERS = ["pipeline", "serve"]


def locked(package: str) -> str:
    return re.search(rf"^{package}==(\S+)", LOCK, re.M)[1]


def test_each_stage_is_made_of_another_or_of_a_base_that_can_be_given():
    names = [stage.name for stage in FILE.stages]
    bases = {stage.base for stage in FILE.stages}
    assert bases <= {*names, "${BASE}", "${BEAM}"}
    assert FILE.stages[-1].base == "pipeline"  # of a build without --target


def test_beam_and_python_are_the_locks():
    """Workers refuse the work of another version."""
    python, beam = re.fullmatch(r"apache/beam_python(.+)_sdk:(.+)", FILE.defaults["BEAM"]).groups()
    assert beam == locked("apache-beam")
    assert python == "3.13"  # which is Debian 13's
    assert "trixie" in FILE.defaults["BASE"]


@pytest.mark.parametrize("name", RUN_BY_USERS)
def test_nothing_runs_as_root(name):
    steps = FILE.stage(name).steps
    words = [step.word for step in steps]
    assert steps[words.index("USER")].rest == "vgg"
    assert words.index("ENTRYPOINT") > words.index("USER")
    assert "RUN" not in words  # what needs a compiler stays behind


def test_packages_come_by_their_hashes():
    installing = [
        step.rest
        for stage in FILE.stages
        for step in stage.steps
        if step.word == "RUN" and re.search(r"uv pip (install|sync)", step.rest)
    ]
    assert len(installing) == 4
    for line in installing:
        assert (
            "--require-hashes" in line
            or "--verify-hashes" in line
            or line.endswith("--no-deps --no-build-isolation .")
        )


def test_what_vgg_serve_needs_is_locked():
    names = [
        line for line in (ROOT / "serving" / "requirements.in").read_text().splitlines() if line[0] != "#"
    ]
    assert all(locked(name) for name in names)


def test_the_build_is_given_what_it_copies_and_little_more():
    given = context(ROOT)
    copied = [
        Path(source)
        for stage in FILE.stages
        for step in stage.steps
        if step.word == "COPY" and not step.flags
        for source in step.arguments[:-1]
    ]
    for source in copied:
        assert any(path == source or source in path.parents for path in given), source
    for path in given:
        assert any(path == source or source in path.parents for source in copied), path
    assert not [path for path in given if "__pycache__" in path.parts]


def test_the_reader_of_dockerfiles():
    file = parse(
        'ARG A=1\nFROM x AS y\n# no step\nRUN --mount=type=cache,target=/c \\\n    a && b\nCMD ["p", "q r"]'
    )
    assert (file.defaults, file.stage("y").base) == ({"A": "1"}, "x")
    run, command = file.stage("y").steps
    assert (run.flags, run.rest.split()) == (("--mount=type=cache,target=/c",), ["a", "&&", "b"])
    assert command.arguments == ["p", "q r"]
    assert filled("${A}-$B-$A", {"A": "1"}) == "1--1"
    with pytest.raises(ValueError, match="VOLUME"):
        parse("FROM x\nVOLUME /v")
