"""Every way in which a photograph comes to the page, and what of it is sent."""

import base64
import time

import pytest
from helpers.serving.photograph_files import orientation, sent, written

pytestmark = pytest.mark.browser
DONE = "document.body.dataset.state === 'done'"
COPY = """navigator.clipboard.write([new ClipboardItem({'image/png': new Blob(
  [Uint8Array.from(atob('%s'), letter => letter.charCodeAt(0))], {type: 'image/png'})})])"""


@pytest.mark.parametrize("selector", ["#file", "#camera"])
def test_a_chosen_file_is_sent_as_it_is(page, site, photograph, selector):
    page.choose(selector, photograph)
    page.wait(DONE)
    assert site.images == [photograph.read_bytes()]
    assert page.text("#facts").startswith("garden.jpg, 320 × 240. Answered in ")


def test_a_dropped_file_is_sent_as_it_is(page, site, photograph):
    page.drop(photograph)
    page.wait(DONE)
    assert site.images == [photograph.read_bytes()]
    assert not page.value("document.body.classList.contains('dragged')")


def test_a_picture_from_the_clipboard_is_sent(page, browser, site, tmp_path):
    picture = written(tmp_path / "copied.png", 90, 70)
    browser.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    page.value(COPY % base64.b64encode(picture.read_bytes()).decode())
    page.press("v", code=86, modifiers=2, commands=["paste"])
    page.wait(DONE)
    assert sent(site).size == (90, 70)


def test_the_camera_is_offered_where_there_is_a_finger(page):
    assert not page.value("document.getElementById('camera').checkVisibility()")
    page.call("Emulation.setTouchEmulationEnabled", enabled=True)
    assert page.value("document.getElementById('camera').checkVisibility()")
    assert page.value("document.getElementById('camera').getAttribute('capture')") == "environment"


def test_twelve_megapixels_of_four_mebibytes_or_less_go_as_they_are(page, site, tmp_path):
    large = written(tmp_path / "phone.jpg", 4000, 3000)
    assert large.stat().st_size <= 4 * 2**20
    page.choose("#file", large)
    page.wait(DONE)
    assert site.images == [large.read_bytes()]


def test_a_larger_file_is_scaled_to_a_shorter_side_of_1024(page, site, tmp_path):
    large = written(tmp_path / "phone.jpg", 4000, 3000, noise=True, quality=90)
    assert large.stat().st_size > 4 * 2**20
    page.choose("#file", large)
    page.wait(DONE)
    assert (sent(site).format, sent(site).size) == ("JPEG", (1365, 1024))
    assert "4000 × 3000, sent as 1365 × 1024" in page.text("#facts")


def test_too_many_pixels_are_scaled_too_however_few_bytes_they_take(page, site, tmp_path):
    page.choose("#file", written(tmp_path / "wide.png", 9000, 2000))
    page.wait(DONE)
    assert sent(site).size == (4608, 1024)


def test_a_kind_that_the_model_does_not_decode_is_sent_as_jpeg(page, site, tmp_path):
    page.choose("#file", written(tmp_path / "modern.webp", 120, 80))
    page.wait(DONE)
    assert (sent(site).format, sent(site).size) == ("JPEG", (120, 80))


def test_a_photograph_is_shown_as_its_exif_orientation_says(page, site, tmp_path):
    turned = written(tmp_path / "turned.jpg", 320, 240, exif=orientation(6))
    page.choose("#file", turned)
    page.wait(DONE)
    assert site.images == [turned.read_bytes()]
    assert page.text("#facts").startswith("turned.jpg, 240 × 320.")


def test_the_same_file_can_be_chosen_twice(page, site, photograph):
    for times in (1, 2):
        page.choose("#file", photograph)
        page.wait(f"{DONE} && document.getElementById('facts').textContent.includes('Answered')")
        assert len(site.images) == times


def test_a_second_photograph_stops_the_first(page, site, photograph, tmp_path):
    site.hold = True
    page.choose("#file", photograph)
    assert site.asked.acquire(timeout=60)
    page.wait("document.getElementById('status').textContent.startsWith('The network')")
    site.hold = False
    page.choose("#file", written(tmp_path / "second.png", 50, 60))
    page.wait(DONE)
    site.let_go()
    while len(site.images) < 2:
        time.sleep(0.01)
    assert page.value("fetch('/v1/models/vgg').then(got => got.status)") == 200  # after the first one's
    assert page.text("#facts").startswith("second.png, 50 × 60. Answered")
    assert page.complaints() == []


def test_a_request_can_be_stopped(page, site, photograph):
    site.hold = True
    page.choose("#file", photograph)
    page.wait("document.getElementById('stop').checkVisibility()")
    page.click("#stop")
    page.wait("document.body.dataset.state === 'empty'")
    assert page.text("#status") == "Stopped."
