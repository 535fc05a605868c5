"""A stand-in for Docker: a Dockerfile's steps replayed in folders that become roots, commands run in these.

    python tests/helpers/replayed_image.py BASE FOLDER TARGET... [--arg NAME=VALUE]

builds the targets below FOLDER, BASE being the root of the image that the first stage is from. As root, since
roots are changed and mounts made; these are in namespaces of their own and end with each command.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers.dockerfile import Dockerfile, Step, context, filled, parse
from helpers.replayed_root import Image, Mount, read_image, write_image

PROJECT = Path(__file__).resolve().parents[2]


class Replay:
    """Builds stages of a Dockerfile, each once."""

    def __init__(self, base: Path, folder: Path, arguments: dict[str, str], cache: Path):
        """`cache` is what the steps' own caches are kept in."""
        self._file: Dockerfile = parse((PROJECT / "Dockerfile").read_text())
        self._base, self._folder, self._arguments, self._cache = base, folder, arguments, cache
        self._built: dict[str, Image] = {}

    def build(self, name: str) -> Image:
        """The image of a stage, and before it of those that it is made from."""
        if name in self._built:
            return self._built[name]
        stage = self._file.stage(name)
        before = Image(self._base) if stage.base == "${BASE}" else self.build(stage.base)
        begun = time.monotonic()
        image = replace(before, root=self._folder / name)
        key = self.key(name)
        if (known := read_image(self._folder, name)) and known.key == key:
            self._built[name] = known
            return known
        shutil.rmtree(image.root, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", before.root, image.root], check=True)
        values: dict[str, str] = {}
        for step in stage.steps:
            image = self._stepped(image, step, values)
        image = replace(image, key=key)
        self._built[name] = image
        write_image(image, self._folder, name)
        print(f"replay: {name}: {time.monotonic() - begun:.0f} s, {_megabytes(image.root)} MB", flush=True)
        return image

    def key(self, name: str) -> str:
        """Of all that a stage is made from: as long as it is the same, the stage is not built again."""
        stage = self._file.stage(name)
        parts = [stage.base if stage.base.startswith("$") else self.key(stage.base)]
        for step in stage.steps:
            argument = step.rest.partition("=")[0] if step.word == "ARG" else ""
            parts.append(f"{step} {self._arguments.get(argument, '')}")
            if step.word == "COPY" and step.flags:
                parts.append(self.key(step.flags[0].removeprefix("--from=")))
            elif step.word == "COPY":
                files = [path for source in step.arguments[:-1] for path in _copied(Path(source))]
                parts += [
                    f"{path} {hashlib.sha256((PROJECT / path).read_bytes()).hexdigest()}" for path in files
                ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _stepped(self, image: Image, step: Step, values: dict[str, str]) -> Image:
        if step.word == "ARG":
            name, _, default = step.rest.partition("=")
            values[name] = self._arguments.get(name, default)
        elif step.word == "ENV":
            pairs = (each.partition("=")[::2] for each in step.arguments)
            known = {**image.env, **values}
            return replace(image, env={**image.env, **{name: filled(value, known) for name, value in pairs}})
        elif step.word == "USER":
            return replace(image, user=step.rest)
        elif step.word == "WORKDIR":
            (image.root / step.rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            return replace(image, folder=step.rest)
        elif step.word in ("ENTRYPOINT", "CMD"):
            name = "entrypoint" if step.word == "ENTRYPOINT" else "command"
            return replace(image, **{name: tuple(step.arguments)})
        elif step.word == "COPY":
            self._copy(image, step)
        elif step.word == "RUN":
            image.build_step(step.rest, values, self._caches(step))
        return image

    def _copy(self, image: Image, step: Step) -> None:
        *sources, target = step.arguments
        place = image.root / os.path.join(image.folder, target).lstrip("/")
        of = [flag.removeprefix("--from=") for flag in step.flags]
        if of:
            (source,) = sources
            place.parent.mkdir(parents=True, exist_ok=True)
            found = self.build(of[0]).root / source.lstrip("/")
            subprocess.run(["cp", "-a", "--reflink=auto", found, place], check=True)
            return
        for source in map(Path, sources):
            for path in _copied(source):
                into = place / path.relative_to(source) if path != source else place
                if path == source and (target.endswith("/") or target == "."):
                    into = place / path.name
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / path, into)

    def _caches(self, step: Step) -> tuple[Mount, ...]:
        targets = [found[1] for flag in step.flags if (found := re.search(r"type=cache,target=(\S+)", flag))]
        for target in targets:
            (self._cache / target.lstrip("/")).mkdir(parents=True, exist_ok=True)
        return tuple(Mount(self._cache / target.lstrip("/"), target, writable=True) for target in targets)


def _copied(source: Path) -> list[Path]:
    files = [path for path in context(PROJECT) if path == source or source in path.parents]
    if not files:
        raise SystemExit(f"replay: COPY {source}: .dockerignore leaves nothing of it")
    return files


def _megabytes(folder: Path) -> int:
    done = subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True)
    return int(done.stdout.split()[0])


def main() -> None:
    """Builds what the command line names."""
    options = argparse.ArgumentParser()
    options.add_argument("base", type=Path)
    options.add_argument("folder", type=Path)
    options.add_argument("targets", nargs="+")
    options.add_argument("--arg", action="append", default=[])
    given = options.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    arguments = dict(each.split("=", 1) for each in given.arg)
    replay = Replay(given.base.resolve(), given.folder.resolve(), arguments, given.folder.resolve() / "cache")
    for target in given.targets:
        replay.build(target)


if __name__ == "__main__":
    main()
