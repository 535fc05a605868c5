"""What the page says when something goes wrong, in plain words, and how to go on."""

import pytest
from helpers.serving.photograph_files import written

pytestmark = pytest.mark.browser
DONE = "document.body.dataset.state === 'done'"
FAILED = "document.body.dataset.state === 'error'"


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [
        (400, "image_bytes[0]: is cut short", ["cannot use this photograph", "(is cut short)"]),
        (400, "assertion failed: [image_bytes[0]: no JPEG]", ["cannot use this photograph", "(no JPEG)"]),
        (404, "no model vgg", ["No such model"]),
        (413, "", ["too large"]),
        (429, "the queue is full", ["busy", "Try again"]),
        (500, "", ["failed, with status 500"]),
        (503, "no version is loaded", ["not ready", "no version is loaded"]),
        (504, "", ["too long"]),
    ],
)
def test_a_refusal_is_said_in_words(page, site, photograph, status, text, words):
    site.refuse = lambda asked, headers: (status, text)
    page.choose("#file", photograph)
    page.wait(FAILED)
    assert all(word in page.text("#error") for word in words), page.text("#error")
    assert page.value("document.querySelector('#error').getAttribute('role')") == "alert"
    assert not page.value("document.getElementById('classes').checkVisibility()")


def test_try_again_sends_the_same_photograph(page, site, photograph):
    site.refuse = lambda asked, headers: (429, "the queue is full")
    page.choose("#file", photograph)
    page.wait(FAILED)
    site.refuse = lambda asked, headers: None
    page.click("#again")
    page.wait(DONE)
    assert site.images == [photograph.read_bytes()] * 2
    assert page.text("#error") == ""


def test_a_server_that_is_gone(page, site, photograph):
    site.close()
    page.choose("#file", photograph)
    page.wait(FAILED)
    assert page.text("#error").startswith("The server does not answer.")


def test_a_server_with_a_token_is_asked_again_with_it(page, site, photograph):
    right = "Bearer open sesame"
    site.refuse = lambda asked, headers: None if headers.get("authorization") == right else (401, "no token")
    page.choose("#file", photograph)
    page.wait(FAILED)
    assert page.text("#error").startswith("This server wants a token.")
    assert page.value("document.activeElement.id") == "token"
    page.call("Input.insertText", text="open sesame")
    page.press("Enter", code=13, text="\r")
    page.wait(DONE)
    assert not page.value("document.getElementById('token').checkVisibility()")
    page.choose("#file", photograph)
    page.wait(f"{DONE} && document.getElementById('facts').textContent.includes('Answered')")
    assert len(site.images) == 3, "the token is kept for the next photograph"


@pytest.mark.parametrize("content", [b"", b"a shopping list", b"\xff\xd8\xff\xe0 and no more"])
def test_a_file_that_is_no_picture_is_not_sent(page, site, tmp_path, content):
    file = tmp_path / "list.jpg"
    file.write_bytes(content)
    page.drop(file)
    page.wait(FAILED)
    assert page.text("#error").startswith("list.jpg is no picture that can be read")
    assert not page.value("document.getElementById('again').checkVisibility()")
    assert site.images == []


def test_a_dropped_link_and_pasted_words_are_no_pictures(page):
    items = [{"mimeType": "text/uri-list", "data": "https://example.org/a.jpg"}]
    data = {"items": items, "files": [], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        page.call("Input.dispatchDragEvent", type=kind, x=300, y=300, data=data)
    page.wait(FAILED)
    assert page.text("#error").startswith("That is no file.")
    page.value("document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: new DataTransfer()}))")
    page.wait("document.getElementById('error').textContent.includes('clipboard')")


def test_after_an_error_the_next_photograph_is_answered(page, tmp_path, photograph):
    (tmp_path / "bad.png").write_bytes(b"no")
    page.drop(tmp_path / "bad.png")
    page.wait(FAILED)
    page.drop(photograph)
    page.wait(DONE)
    assert page.text("#error") == ""
    assert page.value("document.getElementById('classes').checkVisibility()")


def test_an_earlier_answer_does_not_stand_beside_a_new_photographs_error(page, site, photograph, tmp_path):
    page.choose("#file", photograph)
    page.wait(DONE)
    site.refuse = lambda asked, headers: (429, "")
    page.choose("#file", written(tmp_path / "b.png", 40, 40))
    page.wait(FAILED)
    assert not page.value("document.getElementById('classes').checkVisibility()")
    assert page.text("#facts") == "b.png, 40 × 40"
