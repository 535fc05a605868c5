"""What all tests share: quiet imports, our own packages, and fast tests before slow ones."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


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
    """Fast tests first: a broken network is known before a pipeline has run."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(scope="session")
def photographs() -> Path:
    """Folder of real photographs, which are no part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs the real photographs in ../shared/data")
    return SHARED_DATA
