"""The direction of imports, what is packaged, and that no file names a package registry."""

import ast
import importlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parent.parent
LAYERS = ["models", "serving", "components", "pipeline"]
TFX = {"tfx", "tfx_bsl"}
FORBIDDEN = {
    "models": {
        *{"serving", "components", "pipeline", "apache_beam", "tensorflow_data_validation"},
        *{"tensorflow_transform", "tensorflow_model_analysis", *TFX},
    },
    "serving": {"components", "pipeline", *TFX},
    "components": {"pipeline"},
    "pipeline": set(),
}


def imported(source: str) -> Iterator[str]:
    """Top-level names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_go_one_way(layer: str):
    files = sorted((ROOT / layer).rglob("*.py"))
    assert files
    wrong = {
        str(path.relative_to(ROOT)): names
        for path in files
        if (names := FORBIDDEN[layer] & set(imported(path.read_text(encoding="utf-8"))))
    }
    assert not wrong


def test_an_import_within_a_function_is_seen():
    assert set(imported("import a.b\ndef f():\n    from c.d import e\n")) == {"a", "c"}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_package_is_ours(layer: str):
    assert Path(importlib.import_module(layer).__file__) == ROOT / layer / "__init__.py"


def test_these_four_packages_are_installed_and_never_tests():
    """The patterns are setup.py's own."""
    calls = [
        node for node in ast.walk(ast.parse((ROOT / "setup.py").read_text())) if isinstance(node, ast.Call)
    ]
    (call,) = (call for call in calls if ast.unparse(call.func) == "find_packages")
    patterns = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    found = find_packages(str(ROOT), **patterns)
    assert {name.split(".")[0] for name in found} == set(LAYERS)
    folders = {
        str(path.parent.relative_to(ROOT)) for layer in LAYERS for path in (ROOT / layer).rglob("*.py")
    }
    assert {name.replace(".", "/") for name in found} == folders, "a folder without __init__.py"


def test_no_file_names_a_package_registry():
    """Whoever installs this chooses the registry: no host and no index URL, in the lock file neither."""
    needles = [
        *(".".join(host).encode() for host in [("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")]),
        *(("--" + option).encode() for option in ["index-url ", "extra-index-url ", "find-links "]),
    ]
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    paths = [path for name in names if name and (path := ROOT / name).is_file()]
    assert ROOT / "setup.py" in paths
    wrong = {(path.name, needle) for path in paths for needle in needles if needle in path.read_bytes()}
    assert not wrong
