"""Photographs drawn for benchmarks: as dear to decode as ImageNet's, and the same again."""

import numpy as np
from PIL import Image

from benchmarks.photographs import SIZES, draw, photograph


def test_they_have_about_the_bytes_of_imagenets(tmp_path):
    """110 kB on average for its most frequent size, and at these sizes between half and twice of that."""
    total = draw(tmp_path, 8)
    files = sorted(tmp_path.rglob("*.jpg"))
    assert len(files) == 8
    assert total == sum(file.stat().st_size for file in files)
    assert 55e3 < total / 8 < 220e3
    assert Image.open(files[0]).size in SIZES


def test_the_same_seed_draws_the_same_pixels():
    assert np.array_equal(photograph((60, 40), 7), photograph((60, 40), 7))
    assert not np.array_equal(photograph((60, 40), 7), photograph((60, 40), 8))
    assert photograph((60, 40), 7).shape == (40, 60, 3)
