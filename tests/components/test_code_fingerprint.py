"""What changes a fingerprint of code, what does not, and that it holds under each version of Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.code_fingerprint import ROOT, fingerprint, reached

SCORER = '''"""Scores."""

import numpy as np

from models import pixels
from models.shapes import Net as Network

LIMIT = 32
UNUSED = 1


def score(image, *, limit=LIMIT):
    """Posterior of an image."""
    if limit < 0:
        raise ValueError(f"limit {limit}: expected more")
    return np.exp(pixels.rescale(image)) + Network(limit).size + late()


def late():
    from serving.head import head

    return head()


def unused():
    return pixels.decode(1)
'''
PIXELS = """SIDE = 3


def rescale(x):
    return x * SIDE


def decode(x):
    return x
"""
SHAPES = """from dataclasses import dataclass

from models.base import Base


@dataclass(frozen=True)
class Net(Base):
    '''A net.'''

    size: int

    def unwrap(self):
        return self.size
"""
HEAD = """from serving.names import NAMES as head_names


def head():
    return head_names()
"""
FILES = {
    "models/__init__.py": "",
    "components/__init__.py": "",
    "serving/__init__.py": "",
    "models/pixels.py": PIXELS,
    "models/shapes.py": SHAPES,
    "models/base.py": "class Base:\n    KIND = 'base'\n",
    "serving/head.py": HEAD,
    "serving/names.py": "def NAMES():\n    return f'a{1 + 1:>{3}}' 'b' f\"{{x}}\"\n",
    "components/scorer.py": SCORER,
}


@pytest.fixture
def made(tmp_path):
    """Writes the files with replacements into a folder of their own, and gives the fingerprint of score."""
    count = 0

    def made(*replacements: tuple[str, str, str], without=(), **files: str) -> str:
        nonlocal count
        count += 1
        root = tmp_path / str(count)
        contents = {**FILES, **{name.replace("__", "/") + ".py": text for name, text in files.items()}}
        for name, old, new in replacements:
            assert old in contents[name]
            contents[name] = contents[name].replace(old, new)
        for name, text in contents.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return fingerprint("components.scorer.score", without=without, root=root)

    return made


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("components/scorer.py", '"""Posterior of an image."""', '"""Other words."""'),
        ("components/scorer.py", '    """Posterior of an image."""\n', ""),
        ("components/scorer.py", "LIMIT = 32\n", "LIMIT = 32  # why\n"),
        ("components/scorer.py", "LIMIT = 32\n", 'LIMIT = 32\n"""Of images."""\n'),
        ("components/scorer.py", "LIMIT = 32\n", "LIMIT = (\n    32\n)\n"),
        ("components/scorer.py", "expected more", "expected at least 0"),
        ("components/scorer.py", "def score(image, *", "def score(image: int, *"),
        ("components/scorer.py", "def late():", "def late() -> float:"),
        ("components/scorer.py", "UNUSED = 1", "UNUSED = 2"),
        ("components/scorer.py", "return pixels.decode(1)", "return pixels.decode(2)"),
        ("models/pixels.py", "def decode(x):\n    return x", "def decode(x):\n    return x + 1"),
        ("models/shapes.py", "'''A net.'''", "'''One net.'''"),
        ("serving/names.py", "'b'", '"b"'),
    ],
)
def test_what_computes_nothing_changes_nothing(made, name, old, new):
    assert made((name, old, new)) == made()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("components/scorer.py", "LIMIT = 32", "LIMIT = 33"),
        ("components/scorer.py", "limit=LIMIT", "limit=32"),
        ("components/scorer.py", ".size + late()", ".size - late()"),
        ("components/scorer.py", "if limit < 0", "if limit <= 0"),
        ("components/scorer.py", "raise ValueError(", "raise OSError("),
        ("components/scorer.py", "import numpy as np", "import numpy.ma as np"),
        ("models/pixels.py", "SIDE = 3", "SIDE = 4"),
        ("models/pixels.py", "SIDE = 3", "SIDE = 3\nSIDE += 1"),
        ("models/pixels.py", "SIDE = 3", "if True:\n    SIDE = 4"),
        ("models/pixels.py", "SIDE = 3", "SIDE = 3.0"),
        ("models/pixels.py", "SIDE = 3", "SIDE = '3'"),
        ("models/pixels.py", "SIDE = 3", "SIDE = None"),
        ("models/pixels.py", "SIDE = 3", "SIDE = 3\nprint('imported')"),
        ("models/shapes.py", "frozen=True", "frozen=False"),
        ("models/shapes.py", "size: int", "size: float"),
        ("models/shapes.py", "return self.size", "return -self.size"),
        ("models/base.py", "'base'", "'other'"),
        ("serving/names.py", "1 + 1", "1 + 2"),
        ("serving/names.py", ":>{3}", ":<{3}"),
        ("serving/names.py", "{{x}}", "{x}"),
    ],
)
def test_what_computes_changes_it(made, name, old, new):
    assert made((name, old, new)) != made()


def test_a_definition_that_moves_is_the_same(made):
    moved = {"models__sizes": "SIDE = 3\n"}
    imports = ("models/pixels.py", "SIDE = 3\n", "from models.sizes import SIDE\n")
    assert made(imports, **moved) == made()
    assert made(imports, models__sizes="SIDE = 4\n") != made()


def test_what_is_left_out_is_not_followed(made):
    change = ("serving/names.py", "1 + 1", "1 + 2")
    for name in ("serving.names.NAMES", "serving.names"):
        assert made(change, without=(name,)) == made(without=(name,))
    assert made(change, without=("models.base",)) != made(without=("models.base",))


@pytest.mark.parametrize("name", ["components.nothing", "components.scorer.nothing", "numpy.exp"])
def test_a_name_that_is_none_of_ours_is_refused(made, name):
    with pytest.raises(ValueError, match=f"{name}: no definition in models"):
        made(without=(name,))
    with pytest.raises(ValueError, match="was it moved"):
        reached(name)


def test_two_names_are_followed_from_each(tmp_path):
    assert fingerprint("models.vgg.build") != fingerprint("models.vgg.build", "models.images.decode")


OTHERS = sorted(Path.home().glob(".pyenv/versions/3.1[1-9]*/bin/python"))


@pytest.mark.skipif(not OTHERS, reason="needs another Python, as pyenv installs them")
@pytest.mark.parametrize("python", OTHERS, ids=lambda path: path.parts[-3])
def test_another_python_gives_the_same(python):
    """Of all that this project computes with; the newer ones have other syntax trees of f-strings."""
    code = (
        "from components.code_fingerprint import fingerprint; print(*map(fingerprint, "
        "['components.training.trainer.run_fn', 'components.evaluation.scorer.Scorer', "
        "'components.evaluation.model_evaluation', 'serving.server.command', 'models.vgg']))"
    )
    found = [
        subprocess.run([each, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for each in (sys.executable, python)
    ]
    assert len(found[0].split()) == 5
    assert found[0] == found[1]
