"""How many small changes of the code the tests let pass: mutation testing by cosmic-ray.

    make mutants MODULES="models/protocols.py components/training/schedule.py"
    make mutants                    # all of models/, components/ and serving/: days

Each mutant (an operator, a number, a condition changed) is tried with the fast tests that import its module.
All happens in a copy of the tree, so that a run that is stopped leaves no mutant behind. Modules that import
TensorFlow cost 10 s and more for each mutant; those that only describe, 1 s.

cosmic-ray runs by `uv tool run` in an environment of its own, pinned here and in no lock file: it brings
SQLAlchemy, aiohttp and some thirty packages that the project does not need and TFX's could clash with, and it
only starts pytest.
"""

import ast
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent
PACKAGES = ("models", "components", "serving")
COSMIC_RAY = "cosmic-ray==8.7.0"
TIMEOUT = 120.0  # seconds for the tests of one mutant: an endless loop is found, too
CONFIG = """
[cosmic-ray]
module-path = {module}
timeout = {timeout}
excluded-modules = []
test-command = {command}

[cosmic-ray.distributor]
name = "local"
"""


@click.command(help=__doc__.partition("\n")[0])
@click.argument("modules", nargs=-1, type=click.Path(exists=True, dir_okay=False))
def main(modules: tuple[str, ...]) -> None:
    survived = 0
    for module in modules or all_modules():
        tests = tests_of(module)
        if not tests:
            click.echo(f"{module}: no test imports it")
            continue
        with tempfile.TemporaryDirectory(prefix="mutants") as folder:
            copy = copy_tree(Path(folder) / "tree")
            found = list(tried(module, tests, copy))
        click.echo(f"{module}: {len(found)} mutants, {sum(kept for kept, _ in found)} survived {tests}")
        for diff in (diff for kept, diff in found if kept):
            click.echo(diff)
        survived += sum(kept for kept, _ in found)
    click.echo(f"survived: {survived}")


def all_modules() -> list[str]:
    """Paths below the root, by package."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return [str(path.relative_to(ROOT)) for path in paths if path.name != "__init__.py"]


def tests_of(module: str) -> list[str]:
    """The test files that import it, in the room's own folder where there are any there."""
    name = ".".join(Path(module).with_suffix("").parts)
    importing = [path for path in sorted((ROOT / "tests").rglob("test_*.py")) if name in imported(path)]
    own = [path for path in importing if path.name == f"test_{Path(module).name}"]
    return [str(path.relative_to(ROOT)) for path in own or importing]


def imported(path: Path) -> set[str]:
    """Dotted names of the modules that a file imports; of `from a import b` also a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def copy_tree(copy: Path) -> Path:
    """What git knows, and the virtual environment by a link."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def tried(module: str, tests: list[str], copy: Path) -> Iterator[tuple[bool, str]]:
    """Whether each mutant survived, and its diff."""
    command = f"{sys.executable} -m pytest -x -p no:cacheprovider -m 'not slow' {' '.join(tests)}"
    values = {"module": json.dumps(module), "timeout": TIMEOUT, "command": json.dumps(command)}
    (copy / "mutants.toml").write_text(CONFIG.format(**values))
    for step in (
        "baseline mutants.toml",
        "init mutants.toml mutants.sqlite",
        "exec mutants.toml mutants.sqlite",
    ):
        done = _cosmic_ray(step, copy)
        if done.returncode:
            raise click.ClickException(f"{module}: cosmic-ray {step}: {(done.stderr or done.stdout)[-2000:]}")
    for line in _cosmic_ray("dump mutants.sqlite", copy).stdout.splitlines():
        _, result = json.loads(line)
        yield result["test_outcome"] == "survived", result["diff"]


def _cosmic_ray(arguments: str, copy: Path) -> subprocess.CompletedProcess:
    uv = [str(ROOT / ".ci/setup.sh"), "uv", "tool", "run", "--python", "3.10", "--from", COSMIC_RAY]
    # From the copy, as cosmic-ray changes files below its own folder.
    command = [*uv, "--directory", str(copy), "cosmic-ray", *arguments.split()]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True)


if __name__ == "__main__":
    main()
