"""A browser for all tests of the page, a stand-in server, and photographs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.serving.page_browser import Browser, Page
from helpers.serving.photograph_files import written
from helpers.serving.stand_in_server import StandIn


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Browser]:
    """One for all tests; each page has its own profile within it."""
    started = Browser(tmp_path_factory.mktemp("chromium"))
    yield started
    started.close()


@pytest.fixture
def site() -> Iterator[StandIn]:
    """The page, with the stand-in's answers."""
    started = StandIn()
    yield started
    started.close()


@pytest.fixture
def page(browser, site) -> Iterator[Page]:
    """The page of `site` in a window of a desktop's size."""
    opened = browser.page(site.address)
    yield opened
    opened.close()


@pytest.fixture
def photograph(tmp_path) -> Path:
    """A JPEG of 320 x 240."""
    return written(tmp_path / "garden.jpg", 320, 240)
