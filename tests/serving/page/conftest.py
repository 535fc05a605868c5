"""A browser for all tests of the page, a stand-in server, and photographs."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_browser import Browser, Page
from PIL import Image
from stand_in_server import StandIn


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


def written(path: Path, width: int, height: int, *, noise: bool = False, **options) -> Path:
    """An image file in the format of its name: a gradient, or noise, which compresses badly."""
    if noise:
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    else:
        pixels = np.zeros((height, width, 3), np.uint8)
        pixels[..., 0] = np.linspace(0, 255, width)
        pixels[..., 1] = np.linspace(0, 255, height)[:, np.newaxis]
    Image.fromarray(pixels).save(path, **options)
    return path


def sent(site: StandIn) -> Image.Image:
    """The image in the last request."""
    return Image.open(io.BytesIO(site.images[-1]))


def orientation(value: int) -> bytes:
    """An EXIF segment with that one entry: tag 0x112, a 16-bit number."""
    entry = (0x112).to_bytes(2, "big") + b"\0\3" + (1).to_bytes(4, "big") + value.to_bytes(2, "big") + b"\0\0"
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + b"\0\1" + entry + b"\0\0\0\0"
