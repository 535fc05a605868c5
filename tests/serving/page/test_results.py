"""What the page shows of an answer: classes, bars, score maps where they belong, tables."""

import pytest
from helpers.serving.photograph_files import orientation, written
from helpers.serving.stand_in_server import map_of

pytestmark = pytest.mark.browser
DONE = "document.body.dataset.state === 'done'"
VIOLET, MIDDLE, YELLOW = [68, 1, 84], [33, 145, 140], [253, 231, 37]  # Matplotlib's viridis at 0, 0.5 and 1
PIXEL = """(() => {const canvas = document.querySelectorAll('#figures canvas')[%d];
  const [x, y] = [Math.floor(%f * canvas.width), Math.floor(%f * canvas.height)];
  return Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data)})()"""
WIDTHS = """Array.from(document.querySelectorAll('.fill')).map(
  fill => fill.getBoundingClientRect().width / fill.parentElement.getBoundingClientRect().width)"""

CAPTIONS = "Array.from(document.querySelectorAll('#figures figcaption')).map(e => e.innerText)"
OPACITIES = "Array.from(document.querySelectorAll('canvas')).map(e => getComputedStyle(e).opacity)"


@pytest.fixture
def shown(page, site, photograph):
    """A 320 x 240 photograph at Q 240, so that a pixel is a pixel: 6 x 9 windows of 64 pixels.

    One window, in row 1 and column 6, has the score 8, all others 0. At Q 64 there is one row.
    """
    site.prediction["score_map_q240"] = map_of(6, 9, lambda row, column: 8.0 * ((row, column) == (1, 6)))
    site.prediction["score_map_q64"] = map_of(1, 1, lambda row, column: 4.0)
    page.choose("#file", photograph)
    page.wait(DONE)
    return page


def colour_at(page, x: float, y: float, figure: int = 1) -> list[int]:
    """Of the drawn map, at a pixel of the 320 x 240 photograph."""
    *rgb, alpha = page.value(PIXEL % (figure, x / 320, y / 240))
    assert alpha == 255
    return rgb


def test_classes_with_their_probabilities_best_first(shown):
    names = shown.value("Array.from(document.querySelectorAll('.choice .name')).map(e => e.textContent)")
    values = shown.value("Array.from(document.querySelectorAll('.choice .value')).map(e => e.textContent)")
    assert names == ["daisy", "tulips", "<i>roses</i>", "sunflowers", "dandelion"]
    assert values == ["81.0 %", "10.0 %", "5.0 %", "3.0 %", "1.0 %"]
    assert shown.text("#classes legend") == "The five best classes"


def test_bars_are_as_long_as_the_probabilities(shown):
    assert shown.value(WIDTHS) == pytest.approx([0.81, 0.1, 0.05, 0.03, 0.01], abs=0.005)


def test_the_version_that_answers_and_the_result_are_said(shown):
    assert shown.text(".model") == "model vgg, version 7"
    assert shown.value("document.getElementById('status').textContent") == "daisy, 81.0 per cent."


def test_figures_are_in_the_order_of_q(shown):
    assert shown.value(CAPTIONS) == ["Q 64 1 × 1 place", "Q 240 6 × 9 places"]


def test_a_score_is_drawn_in_the_middle_of_its_window(shown):
    """Window (1, 6) begins 32 pixels from the top and 192 from the left, so its centre is at (224, 64)."""
    assert colour_at(shown, 224, 64) == pytest.approx(YELLOW, abs=12), "a quarter of a pixel beside it"
    for x, y in [(192, 64), (256, 64), (224, 32), (224, 96), (5, 5), (315, 235)]:
        assert colour_at(shown, x, y) == pytest.approx(VIOLET, abs=8)


def test_between_two_centres_the_score_changes_in_a_straight_line(shown):
    assert colour_at(shown, 208, 64) == pytest.approx(MIDDLE, abs=8)
    assert colour_at(shown, 224, 80) == pytest.approx(MIDDLE, abs=8)


def test_without_smooth_each_place_has_one_colour(shown):
    shown.click("#smooth")
    for x, y in [(210, 50), (238, 50), (210, 78), (238, 78)]:
        assert colour_at(shown, x, y) == YELLOW
    for x, y in [(206, 64), (242, 64), (224, 46), (224, 82)]:
        assert colour_at(shown, x, y) == VIOLET


def test_one_scale_of_colours_for_all_q(shown):
    """The single place at Q 64 has 4 of a scale from 0 to 8."""
    assert colour_at(shown, 100, 100, figure=0) == pytest.approx(MIDDLE, abs=8)
    assert (shown.text("#lowest"), shown.text("#highest")) == ("0.0", "8.0")


def test_at_a_photographs_edge_the_nearest_window_counts(browser, site, tmp_path):
    """The first and last windows' centres are 32 pixels inside the photograph."""
    site.prediction["score_map_q240"] = map_of(6, 9, lambda row, column: float(column))
    page = browser.page(site.address)
    page.choose("#file", written(tmp_path / "a.png", 320, 240))
    page.wait(DONE)
    assert colour_at(page, 1, 120, figure=0) == colour_at(page, 31, 120, figure=0) == VIOLET
    assert colour_at(page, 288.5, 120, figure=0) == colour_at(page, 319, 120, figure=0) == YELLOW
    page.close()


def test_a_map_of_another_size_than_its_q_asks_for_is_stretched(browser, site, photograph):
    """As where the server scaled otherwise: a photograph too long for its budget of pixels."""
    site.prediction["score_map_q240"] = map_of(2, 4, lambda row, column: float(column == 3))
    page = browser.page(site.address)
    page.choose("#file", photograph)
    page.wait(DONE)
    page.click("#smooth")
    assert colour_at(page, 319, 1, figure=0) == colour_at(page, 241, 239, figure=0) == YELLOW
    assert colour_at(page, 239, 120, figure=0) == VIOLET
    page.close()


def test_a_tall_photograph_with_exif_orientation_has_its_map_upright(browser, site, tmp_path):
    site.prediction["score_map_q240"] = map_of(9, 6, lambda row, column: float((row, column) == (6, 1)))
    page = browser.page(site.address)
    page.choose("#file", written(tmp_path / "t.jpg", 320, 240, exif=orientation(6)))
    page.wait(DONE)
    *rgb, _ = page.value(PIXEL % (0, 64 / 240, 224 / 320))
    assert rgb == pytest.approx(YELLOW, abs=12)
    assert page.value("document.querySelector('#figures canvas').height") == 640
    page.close()


def test_another_class_shows_its_own_maps_and_scale(shown):
    shown.click(".choice:nth-child(2) input")
    assert shown.text("#maps-title") == "Where the network finds tulips"
    assert (shown.text("#lowest"), shown.text("#highest")) == ("−2.0", "6.0")
    shown.click(".choice:nth-child(3) input")
    assert shown.text("#maps-title") == "Where the network finds <i>roses</i>"
    assert colour_at(shown, 224, 64) == pytest.approx(MIDDLE, abs=8), "one value everywhere"


def test_opacity_is_the_users(shown):
    set_to = "const slider = document.getElementById('opacity'); slider.value = 25;"
    shown.value(f"{{{set_to} slider.dispatchEvent(new Event('input'))}}")
    assert shown.value(OPACITIES) == ["0.25", "0.25"]


def test_pointing_at_a_map_shows_the_window_and_its_score(shown):
    shown.middle("#figures figure:nth-child(2) .picture")
    box = shown.value(
        "(({x, y, width, height}) => ({x, y, width, height}))"
        "(document.querySelectorAll('#figures .picture')[1].getBoundingClientRect())"
    )
    shown.point_at(box["x"] + box["width"] * 230 / 320, box["y"] + box["height"] * 60 / 240)
    shown.wait("!document.querySelectorAll('.frame')[1].hidden")
    assert shown.text("#figures figure:nth-child(2) .readout") == "score 8.00"
    frame = shown.value(
        "(() => {const box = document.querySelectorAll('#figures .picture')[1].getBoundingClientRect();"
        "const frame = document.querySelectorAll('.frame')[1].getBoundingClientRect();"
        "return [(frame.x - box.x) / box.width * 320, (frame.y - box.y) / box.height * 240,"
        "frame.width / box.width * 320, frame.height / box.height * 240]})()"
    )
    assert frame == pytest.approx([192, 32, 64, 64], abs=0.5)
    shown.point_at(1, 1)
    shown.wait("document.querySelectorAll('.frame')[1].hidden")


def test_a_touched_window_stays(shown):
    shown.call("Emulation.setTouchEmulationEnabled", enabled=True)
    x, y = shown.middle("#figures figure:nth-child(2) .picture")
    shown.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    shown.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    shown.wait("!document.querySelectorAll('.frame')[1].hidden")
    assert shown.text("#figures figure:nth-child(2) .readout") == "score 0.00"


def test_the_scores_are_there_as_tables(shown):
    cells = "Array.from(document.querySelectorAll('#tables table')[1].tBodies[0].rows[1].cells)"
    texts = shown.value(f"{cells}.map(cell => cell.textContent)")
    assert texts == ["2", *["0.00"] * 6, "8.00", "0.00", "0.00"]
    assert not shown.value("document.querySelector('#tables table').checkVisibility()")
    shown.click("summary")
    assert shown.value("document.querySelector('#tables table').checkVisibility()")


def test_maps_are_described_in_words(shown):
    label = shown.value("document.querySelectorAll('#figures canvas')[1].getAttribute('aria-label')")
    assert label == (
        "Score map of daisy at Q 240: 6 rows by 9 columns, scores from 0.0 to 8.0, highest in row 2, column 7"
    )


def test_a_model_without_score_maps_shows_the_classes(page, site, photograph):
    def refuse(asked, headers):
        if asked["signature_name"] != "serving_default":
            return 400, "model vgg has no signature top_score_maps; it has serving_default"
        return None

    site.refuse = refuse
    page.choose("#file", photograph)
    page.wait(DONE)
    assert page.value("document.querySelectorAll('.choice').length") == 5
    assert not page.value("document.getElementById('maps').checkVisibility()")
    assert page.text("#hint").startswith("This model gives no score maps")


BOXES_SHOWN = """(() => {const image = document.getElementById('photograph').getBoundingClientRect();
  return Array.from(document.querySelectorAll('#boxes .box')).map(box => {
    const found = box.getBoundingClientRect();
    return [(found.left - image.left) / image.width, (found.top - image.top) / image.height,
      (found.right - image.left) / image.width, (found.bottom - image.top) / image.height]})})()"""
LABELS = "Array.from(document.querySelectorAll('#boxes .box')).map(box => box.textContent)"


@pytest.fixture
def located(page, site, photograph):
    """Of the 320 x 240 photograph; the class of rank n has a box from (32 n, 24) that is 160 x 120 pixels."""
    site.prediction["boxes"] = [[32 * n, 24, 32 * n + 160, 144] for n in range(5)]
    site.prediction["image_sizes"] = [320, 240]
    page.choose("#file", photograph)
    page.wait(DONE)
    return page


def test_the_boxes_of_all_classes_lie_over_the_photograph_the_chosen_on_top(located):
    shares = [[n / 10, 0.1, n / 10 + 0.5, 0.6] for n in (4, 3, 2, 1, 0)]
    for found, expected in zip(located.value(BOXES_SHOWN), shares, strict=True):
        assert found == pytest.approx(expected, abs=0.005)
    assert located.value(LABELS) == ["", "", "", "", "daisy"]
    assert located.text("#box-words") == "Box of daisy: from 0, 24 to 160, 144 pixels."


def test_another_class_has_its_box_on_top(located):
    located.click(".choice:nth-child(3)")
    assert located.value(BOXES_SHOWN)[-1] == pytest.approx([0.2, 0.1, 0.7, 0.6], abs=0.005)
    assert located.value(LABELS) == ["", "", "", "", "<i>roses</i>"]
    assert located.text("#box-words") == "Box of <i>roses</i>: from 64, 24 to 224, 144 pixels."
    colours = """[getComputedStyle(document.querySelector('#boxes .chosen')).borderTopColor,
      getComputedStyle(document.querySelectorAll('.swatch')[2]).backgroundColor]"""
    assert len(set(located.value(colours))) == 1


def test_boxes_of_a_photograph_that_was_sent_smaller_are_those_of_the_shown_one(page, site, photograph):
    site.prediction["boxes"] = [[16, 12, 96, 72]] * 5
    site.prediction["image_sizes"] = [160, 120]
    page.choose("#file", photograph)
    page.wait(DONE)
    assert page.value(BOXES_SHOWN)[-1] == pytest.approx([0.1, 0.1, 0.6, 0.6], abs=0.005)
    assert page.text("#box-words") == "Box of daisy: from 32, 24 to 192, 144 pixels."


def test_without_boxes_there_are_none_nor_of_the_photograph_before(located, site, tmp_path):
    del site.prediction["boxes"]
    located.choose("#file", written(tmp_path / "other.jpg", 100, 100))
    located.wait(f"{DONE} && document.getElementById('facts').textContent.includes('100 × 100')")
    assert located.value(BOXES_SHOWN) == []
    assert located.value("document.getElementById('box-words').hidden")
    assert located.value("document.querySelectorAll('.swatch').length") == 0
