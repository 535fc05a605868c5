"""The direction of imports, what is packaged, and that no file names a package registry."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from setuptools import find_packages

ROOT = Path(__file__).parent.parent
LAYERS = ["models", "serving", "components", "pipeline"]

# The rooms, lowest first. A module may import its own room and those above it in this list, so a room in
# between may be left out and no circle can arise between rooms. A room holds its sub-packages too, unless
# they have a line of their own.
ROOMS = [
    "models",
    "serving.saved_model",
    "serving.weights",
    "serving",
    "serving.page",
    "serving.server",  # what all its rooms share: options, errors, metrics
    "serving.server.encoding",
    "serving.server.versions",
    "serving.server.batching",
    "serving.server.request_log",
    "serving.server.transport",
    "serving.server.protocol",
    "components",  # recipe.py, artifact_files.py
    "components.datasets",
    "components.checking",
    "components.ingestion",
    "components.training",
    "components.evaluation",
    "components.localisation",
    "components.tuning",
    "components.transfer",
    "components.drift",
    "components.pushing",
    "pipeline.experiments",
    "pipeline",  # environment.py, pipeline.py, exit_status.py
    "pipeline.nets",
    "pipeline.doctor",
    "pipeline.report",
    "pipeline.data_check",
    "pipeline.prediction",
    "pipeline.similar",
    "pipeline.running",
    "pipeline.tuning",
    "pipeline.continuous",
    "pipeline.orchestration",
    "pipeline.commands",
]
# Modules that put a whole room together lie in it and import all of its rooms.
TOPS = {f"serving.server.{name}" for name in ("server", "settings", "command", "__main__")}

BEAM = {"apache_beam", "tensorflow_data_validation", "tensorflow_transform", "tensorflow_model_analysis"}
TFX = {"tfx", "tfx_bsl", "ml_metadata"}
NOT_IN = {"models": BEAM | TFX, "serving": BEAM | TFX}
"""What a layer must not import of other people's packages: `vgg predict` and `vgg serve` need neither."""

DESCRIBING = [
    "models.architectures",
    "models.net",
    "models.initialisation",
    "models.protocols",
    "models.limits",
    "serving.saved_model.head",
    "serving.server.options",
    "components.recipe",
    "components.datasets.layouts",
    "components.checking.check",
    "components.tuning.space",
    "components.evaluation.view",
    "components.evaluation.averaging_plan",
    "pipeline.environment",
    "pipeline.exit_status",
    "pipeline.experiments.catalogue",
    "pipeline.experiments.experiment_table",
    "pipeline.nets.net_table",
    "pipeline.tuning.dimensions",
    "pipeline.commands.vgg",
]
HEAVY = {"tensorflow", "keras", "tfx", "grpc", *BEAM, *TFX}


def imported(source: str) -> Iterator[str]:
    """Dotted names of the modules that a file imports, anywhere in it; of `from a import b` also a.b."""
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {_name(path): path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))}


def room_of(module: str) -> str:
    """The longest of ROOMS that the module's name begins with."""
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len)


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _imports_of(module: str) -> set[str]:
    """Modules of ours."""
    return set(imported(MODULES[module].read_text(encoding="utf-8"))) & set(MODULES) - {module}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str):
    members = [module for module in MODULES if room_of(module) == room and module not in TOPS]
    assert members
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    wrong = {
        module: above
        for module in members
        if (above := {other for other in _imports_of(module) if room_of(other) not in allowed})
    }
    assert not wrong


def test_no_module_imports_itself_by_way_of_others():
    """Neither at once nor late: an import within a function counts."""
    graph = {module: _imports_of(module) for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())


def test_a_circle_is_seen():
    with pytest.raises(CycleError):
        list(TopologicalSorter({"a": {"b"}, "b": {"a"}}).static_order())


@pytest.mark.parametrize("layer", NOT_IN)
def test_a_lower_layer_needs_no_tfx(layer: str):
    wrong = {
        module: names
        for module, path in MODULES.items()
        if module.split(".")[0] == layer
        and (names := NOT_IN[layer] & {name.split(".")[0] for name in imported(path.read_text())})
    }
    assert not wrong


def test_an_import_within_a_function_is_seen():
    found = set(imported("import a.b\ndef f():\n    from c.d import e\n"))
    assert found == {"a.b", "c.d", "c.d.e"}


@pytest.mark.parametrize("module", DESCRIBING)
def test_what_only_describes_imports_no_tensorflow(module: str):
    """In a process of its own: here, other tests have imported it."""
    code = f"import sys, {module}; print(*set({HEAVY!r}) & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout.split() == []


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


def test_names_that_are_imported_from_our_modules_are_there():
    """Also where the import stands in a function, so that only a long test would run it, and in tests and
    benchmarks, which else end a whole run as they are collected."""
    trees = {name: _parsed(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}
    others = [path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
    users = {**trees, **{str(path): ast.parse(path.read_text(encoding="utf-8")) for path in others}}
    missing = [
        f"{name}: {node.module}.{alias.name}"
        for name, tree in users.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in trees
        for alias in node.names
        if f"{node.module}.{alias.name}" not in trees and alias.name not in _bound(trees[node.module])
    ]
    assert missing == []


@cache
def _bound(tree: ast.Module) -> set[str]:
    """Names that a module binds, in itself or in its branches."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return found
