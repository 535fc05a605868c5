"""The Dockerfile read: its stages and their steps, and which files of a folder the build is given."""

import fnmatch
import json
import os
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

WORDS = {"ARG", "FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD", "EXPOSE", "HEALTHCHECK"}


@dataclass(frozen=True)
class Step:
    """`word` in capitals, what follows it on its line, and the flags before that (`--from=...`)."""

    word: str
    rest: str
    flags: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """Of the form with brackets, or else of a shell's."""
        return json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)


@dataclass(frozen=True)
class Stage:
    """From a FROM to the next; `name` is "" for one that has none."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Dockerfile:
    """Stages in order; `defaults` are of the ARGs before the first."""

    stages: list[Stage]
    defaults: dict[str, str]

    def stage(self, name: str) -> Stage:
        (found,) = (stage for stage in self.stages if stage.name == name)
        return found


def parse(text: str) -> Dockerfile:
    """Raises ValueError for a word that is not known here."""
    stages: list[Stage] = []
    defaults: dict[str, str] = {}
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in filter(None, map(str.strip, lines.replace("\\\n", " ").splitlines())):
        step = _step(line)
        if step.word == "FROM":
            base, *name = re.split(r"\s+AS\s+", step.rest)
            stages.append(Stage(name[0] if name else "", base))
        elif stages:
            stages[-1].steps.append(step)
        else:
            name, _, value = step.rest.partition("=")
            defaults[name] = value
    return Dockerfile(stages, defaults)


def filled(text: str, values: dict[str, str]) -> str:
    """With `$NAME` and `${NAME}` replaced, as Docker does outside RUN."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), text)


def context(folder: Path) -> list[Path]:
    """The files that .dockerignore leaves, relative to `folder`."""
    text = (folder / ".dockerignore").read_text()
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = []
    for above, folders, names in os.walk(folder):
        here = Path(above).relative_to(folder)
        # Not through .venv, of which nothing is given.
        folders[:] = [name for name in sorted(folders) if _may_be_given(PurePosixPath(here / name), rules)]
        found += [here / name for name in sorted(names) if _is_given(PurePosixPath(here / name), rules)]
    return found


def _step(line: str) -> Step:
    word, rest = line.split(None, 1)
    if word not in WORDS:
        raise ValueError(f"Dockerfile: {word}: not one of {', '.join(sorted(WORDS))}")
    flags = []
    while word in ("RUN", "COPY", "HEALTHCHECK") and rest.startswith("--"):
        flag, rest = rest.split(None, 1)
        flags.append(flag)
    return Step(word, rest, tuple(flags))


def _may_be_given(folder: PurePosixPath, rules: list[str]) -> bool:
    return _is_given(folder, rules) or any(rule.startswith(f"!{folder}/") for rule in rules)


def _is_given(path: PurePosixPath, rules: list[str]) -> bool:
    """The last rule that fits the path or a folder above it wins."""
    given = True
    above = [str(path), *map(str, path.parents)]
    for rule in rules:
        pattern = rule.removeprefix("!")
        anywhere = pattern.removeprefix("**/")
        if any(
            fnmatch.fnmatchcase(each, pattern)
            if anywhere == pattern
            else fnmatch.fnmatchcase(PurePosixPath(each).name, anywhere)
            for each in above[:-1]
        ):
            given = rule.startswith("!")
    return given
