"""`vgg similar`: which photographs are nearest, and the page of them."""

import json

import numpy as np
import pytest
from helpers.pipeline.report_browser import probe
from helpers.serving.model_server import picture, serving
from helpers.serving.small_model import write_small_model

from models.errors import InputError
from pipeline.commands.vgg import main
from pipeline.prediction.descriptors import Descriptors, Maker, write_descriptors
from pipeline.similar.neighbours import Neighbour, nearest
from pipeline.similar.page import MARK, Picture, render, short_names

PLANE = Descriptors(
    ("east", "north-east", "west, twice as long", "nothing", "north"),
    ("/e", "/ne", "/w", "/0", "/n"),
    np.array([[1, 0], [0.6, 0.8], [-2, 0], [0, 0], [0, 1]], np.float32),
    Maker("m"),
)
LAYOUT = """({inner: innerWidth, scroll: document.documentElement.scrollWidth,
  outside: Array.from(document.querySelectorAll('[src], [href]')).map(e => e.getAttribute('src') ??
    e.getAttribute('href')).filter(a => !a.startsWith('data:')),
  unnamed: Array.from(document.querySelectorAll('img')).filter(e => !e.alt).length,
  broken: Array.from(document.querySelectorAll('img')).filter(e => !e.naturalWidth).length,
  images: document.querySelectorAll('img').length, gone: document.querySelectorAll('.gone').length,
  files: Array.from(document.querySelectorAll('.file')).map(e => e.textContent)})"""


def run(arguments, capsys) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["similar", *map(str, arguments)])
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_the_cosine_decides_and_the_photograph_itself_is_left_out():
    """Of (3, 4): cosines 0.6, 1, -0.6, 0 and 0.8; the length of neither makes a difference."""
    found = nearest((3, 4), "/n", PLANE, 3)
    assert [(one.name, one.path) for one in found] == [
        ("north-east", "/ne"), ("east", "/e"), ("nothing", "/0"),
    ]  # fmt: skip
    assert [one.similarity for one in found] == pytest.approx([1, 0.6, 0])
    last = nearest((3, 4), "", PLANE, 99)[-1]
    assert (last.name, last.similarity) == ("west, twice as long", pytest.approx(-0.6))


def test_descriptors_of_another_length_or_of_no_other_photograph_are_one_line():
    with pytest.raises(InputError, match="descriptors of 2 numbers by m"):
        nearest((1, 0, 0), "", PLANE, 1)
    alone = Descriptors(("a",), ("/a",), PLANE.features[:1], PLANE.made_by)
    with pytest.raises(InputError, match="no photograph but this one"):
        nearest((1, 0), "/a", alone, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four photographs, of which two are alike, and a file that is none."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "a<b>").mkdir()
    (folder / "asked.jpg").write_bytes(picture(1, 120, 90))
    (folder / "a<b>" / "alike.jpg").write_bytes(picture(1, 120, 90))
    (folder / "other.jpg").write_bytes(picture(2, 80, 90))
    (folder / "third.jpg").write_bytes(picture(3, 80, 90))
    (folder / "zz.jpg").write_text("no photograph")
    return folder


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The options of a server of a stand-in for the exported model."""
    base = tmp_path_factory.mktemp("served") / "vgg"
    write_small_model(base / "3", seed=1)
    with serving(base) as started:
        yield ["--server", f"127.0.0.1:{started.grpc_port}"]


@pytest.fixture
def page(folder, asked, tmp_path, capsys):
    status, out, err = run([folder / "asked.jpg", folder, *asked, "--page", tmp_path / "page.html"], capsys)
    assert (status, err) == (2, f"vgg: {folder}/zz.jpg: not an image\n")
    first, *others = out.splitlines()
    assert first == f"   1.000  {folder}/a<b>/alike.jpg"
    assert len(others) == 3
    assert others[-1] == f"Page: {tmp_path / 'page.html'}"
    return tmp_path / "page.html"


def test_a_folder_is_searched(page, folder):
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 4
    assert "a&lt;b&gt;/alike.jpg" in text
    assert "<b>/alike" not in text
    assert "3 nearest of 4 photographs" in text


def test_a_file_of_descriptors_is_searched_without_its_photographs(folder, asked, tmp_path, capsys, page):
    from helpers.pipeline.predict_calls import run as predict

    features, again = tmp_path / "f.npz", tmp_path / "again.html"
    assert predict([folder / "other.jpg", folder / "third.jpg", "--features", features,
                    *asked], capsys)[0] == 0  # fmt: skip
    status, out, err = run([folder / "other.jpg", features, *asked, "--json", "--page", again], capsys)
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["model"] == f"{asked[1]}, model vgg, version 3"
    assert [one["image"] for one in found["neighbours"]] == [f"{folder}/third.jpg"]
    assert 0 < found["neighbours"][0]["similarity"] < 1
    assert again.read_text().lstrip().startswith("<!doctype html>")


def test_descriptors_of_another_model_are_refused(folder, pushed, asked, tmp_path, capsys):
    other = Descriptors(("a",), ("/a",), np.eye(1, 7, dtype=np.float32), Maker("/other", "0" * 64))
    write_descriptors(other, tmp_path / "other.npz")
    status, out, err = run([folder / "asked.jpg", tmp_path / "other.npz", "--model", pushed], capsys)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "made by another model, /other" in err
    page = tmp_path / "page.html"
    status, _, err = run([folder / "asked.jpg", tmp_path / "other.npz", *asked, "--page", page], capsys)
    assert status == 0
    assert "is the same model" in err
    assert "taken on trust" in err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["missing.jpg", "."], "No such file"),
        ([".", "."], "is a folder; expected one photograph"),
        (["a.jpg", "missing"], "is no folder"),
        (["a.jpg", ".", "--page", "mine.html"], "is no page of `vgg similar`"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(asked, tmp_path, capsys, monkeypatch, arguments, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(picture(1))
    (tmp_path / "mine.html").write_text("<p>my own")
    status, out, err = run([*arguments, *asked], capsys)
    assert (status, out) == (2, "")
    assert (len(err.splitlines()), why in err) == (1, True), err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "mine.html"]
    assert (tmp_path / "mine.html").read_text() == "<p>my own"


def test_an_earlier_page_is_replaced(page, folder, asked, capsys):
    page.write_text(f"{MARK} earlier")
    assert run([folder / "asked.jpg", folder, *asked, "--page", page], capsys)[0] == 2
    assert "earlier" not in page.read_text()


def test_the_folders_that_all_names_share_are_left_out():
    assert short_names(["/p/val/a/1.jpg", "/p/val/b/2.jpg"]) == ["a/1.jpg", "b/2.jpg"]
    assert short_names(["/p/1.jpg"]) == ["1.jpg"]
    assert short_names(["/pa/1.jpg", "/pb/2.jpg"]) == ["pa/1.jpg", "pb/2.jpg"]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1300])
def test_in_a_browser(page, width):
    gone = Neighbour("<i>gone.jpg", "/no/such/file", -0.25)
    page.with_name("gone.html").write_text(
        render("x", Picture(), [gone], among="<f>", count=1, model="m" * 400)
    )
    found, errors = probe(page.with_name("gone.html"), LAYOUT, width=width)
    assert (found["gone"], found["images"], found["files"], errors) == (2, 0, ["<i>gone.jpg"], [])
    assert found["scroll"] <= width
    found, errors = probe(page, LAYOUT, width=width)
    assert errors == []
    assert (found.pop("inner"), found.pop("scroll") <= width) == (width, True)
    names = ["a<b>/alike.jpg", "other.jpg", "third.jpg"]
    assert sorted(found.pop("files")) == names
    assert found == {"outside": [], "unnamed": 0, "broken": 0, "images": 4, "gone": 0}
