"""What all tests share: quiet imports, our own packages, and fast tests before slow ones."""

import gc
import os
import sys
from pathlib import Path

import pytest
from helpers.built_once import built_once
from helpers.chromium import CHROMIUM, REASON

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Or argparse, which Beam asks for each of its transforms, looks for translations in the file system.
os.environ.setdefault("LANGUAGE", "C")
# Before the imports of a collection, whose objects stay: the collector's looks at them take seconds.
gc.set_threshold(20_000, 20, 20)

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


def pytest_addoption(parser):
    parser.addoption(
        "--unoptimised",
        action="store_true",
        help="TensorFlow runs graphs as they are: a third less time where each is run once or twice",
    )


def pytest_sessionstart():
    """Fails at once where site-packages shadows one of our packages."""
    import components
    import models
    import pipeline
    import serving

    for package in (models, serving, components, pipeline):
        if Path(package.__file__).resolve().parents[1] != ROOT:
            pytest.exit(f"package {package.__name__} is {package.__file__}, not ours; run `make setup`", 1)


def pytest_collection_modifyitems(items):
    """Fast tests first: a broken network is known before a pipeline has run.

    The longest, those of tests/e2e, are the first of the slow ones, so that no worker is left with one of
    them when all others have ended.
    """
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker("browser")
    items.sort(key=_length)


def pytest_collection_finish(session):
    """The garbage collector does not look at what imports left: each look at all takes 0.3 s."""
    gc.freeze()
    if session.config.getoption("unoptimised") and "tensorflow" in sys.modules:
        sys.modules["tensorflow"].config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def _length(item: pytest.Item) -> int:
    if item.get_closest_marker("slow") is None:
        return 0
    return 1 if "e2e" in item.path.parts else 2


def pytest_runtest_setup(item):
    if item.get_closest_marker("browser") and CHROMIUM is None:
        pytest.skip(REASON)


@pytest.fixture(scope="session")
def photographs() -> Path:
    """Folder of real photographs, which are no part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real photographs in ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session")
def pushed(tmp_path_factory) -> Path:
    """A folder with one version of a narrow model, for reading only: it is made once for all tests."""
    from helpers.serving.model_server import push_narrow_model

    return built_once(tmp_path_factory, "pushed", push_narrow_model)
