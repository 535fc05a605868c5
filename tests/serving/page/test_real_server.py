"""The page on the real server: a real photograph's classes and score maps are those of the model itself."""

import numpy as np
import pytest
from helpers.serving.model_server import VERSION, picture, serving
from helpers.serving.photograph_files import orientation, written

pytestmark = pytest.mark.browser
DONE = "document.body.dataset.state === 'done'"
FAILED = "document.body.dataset.state === 'error'"
SIDES = (64, 80, 96)
SHOWN = """Array.from(document.querySelectorAll('.choice')).map(
  one => [one.querySelector('.name').textContent, one.querySelector('.value').textContent])"""
TABLES = """Array.from(document.querySelectorAll('#tables tbody')).map(body => Array.from(body.rows).map(
  row => Array.from(row.querySelectorAll('td')).map(cell => Number(cell.textContent.replace('−', '-')))))"""
SIZE = "(image => [image.naturalWidth, image.naturalHeight])(document.getElementById('photograph'))"
BRIGHTEST = """Array.from(document.querySelectorAll('#figures canvas')).map(canvas => {
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let best = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] + data[at + 1] > data[best] + data[best + 1]) best = at;
  return [best / 4 % canvas.width / canvas.width, Math.floor(best / 4 / canvas.width) / canvas.height]})"""


@pytest.fixture(scope="module")
def real(pushed):
    with serving(pushed) as started:
        yield f"http://127.0.0.1:{started.rest_port}/"


@pytest.fixture(scope="module")
def answer(pushed):
    """`answer(bytes)`: the outputs of top_score_maps, of the SavedModel in this process."""
    import tensorflow as tf

    run = tf.saved_model.load(str(pushed / str(VERSION))).signatures["top_score_maps"]

    def outputs(image: bytes) -> dict[str, np.ndarray]:
        found = run(image_bytes=tf.constant([image]))
        return {name: value.numpy()[0] for name, value in found.items()}

    return outputs


@pytest.fixture(params=["generated", "real"])
def file(request, tmp_path):
    """A photograph: a generated one always, a real one where there is one."""
    if request.param == "generated":
        (tmp_path / "pattern.jpg").write_bytes(picture(4, 200, 130))
        return tmp_path / "pattern.jpg"
    folder = request.getfixturevalue("photographs") / "imagenet_sample"
    return sorted(folder.glob("*.JPEG"))[0]


def test_classes_and_scores_are_the_models(browser, real, answer, file):
    page = browser.page(real)
    page.drop(file)
    page.wait(DONE)
    expected = answer(file.read_bytes())
    names = [name.decode() for name in expected["top_classes"]]
    values = [f"{100 * value:.1f} %" for value in expected["top_probabilities"]]
    assert page.value(SHOWN) == [list(pair) for pair in zip(names, values, strict=True)]
    assert page.text(".model") == f"model vgg, version {VERSION}"
    for label in (0, 4):
        page.click(f".choice:nth-child({label + 1}) input")
        for found, side in zip(page.value(TABLES), SIDES, strict=True):
            np.testing.assert_allclose(found, expected[f"score_map_q{side}"][..., label], atol=0.006)
    assert page.complaints() == []
    page.close()


def test_the_brightest_spot_is_in_the_window_of_the_highest_score(browser, real, answer, file):
    """The net's windows are 64 pixels long and 32 apart, on the photograph scaled to Q."""
    page = browser.page(real)
    page.choose("#file", file)
    page.wait(DONE)
    page.click("#smooth")
    spots = page.value(BRIGHTEST)
    size = page.value(SIZE)
    expected = answer(file.read_bytes())
    for (x, y), side in zip(spots, SIDES, strict=True):
        scores = expected[f"score_map_q{side}"][..., 0]
        row, column = np.unravel_index(scores.argmax(), scores.shape)
        across, down = x * size[0] * side / min(size), y * size[1] * side / min(size)
        assert 32 * column - 1 <= across <= 32 * column + 64
        assert 32 * row - 1 <= down <= 32 * row + 64
    page.close()


def test_a_turned_photograph_of_a_phone_has_maps_that_fit(browser, real, tmp_path):
    page = browser.page(real)
    page.choose("#file", written(tmp_path / "turned.jpg", 320, 200, exif=orientation(6)))
    page.wait(DONE)
    assert page.text("#facts").startswith("turned.jpg, 200 × 320.")
    for rows, columns in page.value(f"{TABLES}.map(table => [table.length, table[0].length])"):
        assert rows > columns
    page.close()


def test_twelve_megapixels_of_noise_are_answered(browser, real, tmp_path):
    page = browser.page(real)
    page.choose("#file", written(tmp_path / "phone.jpg", 4000, 3000, noise=True, quality=90))
    page.wait(DONE)
    assert "sent as 1365 × 1024" in page.text("#facts")
    page.close()


def test_a_photograph_that_is_cut_short_is_refused_in_words(browser, real, tmp_path, file):
    """The browser shows the upper part of it."""
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    page = browser.page(real)
    page.choose("#file", cut)
    page.wait(FAILED)
    assert "damaged" in page.text("#error")
    page.close()


def test_a_server_with_a_token_shows_the_page_and_asks_for_the_token(browser, pushed, tmp_path, file):
    (tmp_path / "token").write_text("open sesame\n")
    with serving(pushed, token_file=str(tmp_path / "token")) as server:
        page = browser.page(f"http://127.0.0.1:{server.rest_port}/")
        page.choose("#file", file)
        page.wait(FAILED)
        assert page.text("#error").startswith("This server wants a token.")
        page.call("Input.insertText", text="open sesame")
        page.press("Enter", code=13, text="\r")
        page.wait(DONE)
        assert len(page.value(SHOWN)) == 5
        page.close()
