"""The page itself: nothing from outside, readable by all, on a phone and a desk, with the keyboard alone."""

import re

import httpx
import pytest
from helpers.serving.stand_in_server import StandIn, map_of

DONE = "document.body.dataset.state === 'done'"
CONTRASTS = """(() => {
  const light = colour => {const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(
    v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b};
  const ground = element => {for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$|transparent/.test(colour)) return colour} return 'rgb(255, 255, 255)'};
  return Array.from(document.querySelectorAll('body *')).filter(element => element.checkVisibility() &&
      Array.from(element.childNodes).some(node => node.nodeType === 3 && node.data.trim())).map(element => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
    return [element.outerHTML.slice(0, 80), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]})})()"""
FOCUSED = "(now => now.id || now.name || now.className || now.localName)(document.activeElement)"
OUTLINE = "(now => getComputedStyle(now.closest('.button') ?? now).outlineStyle)(document.activeElement)"
NAMES = """({unnamed: document.querySelectorAll('img:not([alt])').length,
  twice: Array.from(document.querySelectorAll('[id]')).length -
    new Set(Array.from(document.querySelectorAll('[id]')).map(e => e.id)).size,
  uncaptioned: document.querySelectorAll('table:not(:has(caption)), th:not([scope])').length})"""


TYPES = {"main.js": "text/javascript", "style.css": "text/css", "icon.svg": "image/svg+xml"}


@pytest.fixture
def client():
    site = StandIn("<b>&vgg")
    with httpx.Client(base_url=site.address, trust_env=False) as client:
        yield client
    site.close()


def test_every_file_that_the_page_names_is_there_with_its_type(client):
    found = client.get("/")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    names = re.findall(r'(?:src|href)="([^"]+)"', found.text)
    assert len(names) >= 4
    for name in names:
        assert client.get(f"/{name}").status_code == 200, name
    for name, kind in TYPES.items():
        assert client.get(f"/page/{name}").headers["content-type"].split(";")[0] == kind
    assert client.get("/page/../routes.py").status_code == client.get("/page/routes.py").status_code == 404


def test_the_policy_allows_only_the_servers_own_files(client):
    for address in ("/", "/page/main.js"):
        headers = client.get(address).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_models_name_is_text(client):
    assert "<b>&amp;vgg" not in client.get("/").text
    assert 'data-model="&lt;b&gt;&amp;vgg"' in client.get("/").text


@pytest.fixture
def shown(page, site, photograph):
    site.prediction["score_map_q240"] = map_of(6, 9, lambda row, column: float(row + column))
    page.choose("#file", photograph)
    page.wait(DONE)
    page.value("document.querySelector('details').open = true")
    return page


@pytest.mark.browser
def test_nothing_is_asked_of_anyone_else_and_nothing_is_complained_of(shown, site):
    assert len(shown.requested()) >= 8
    own = (site.address, f"blob:{site.address}")
    assert [name for name in shown.requested() if not name.startswith(own)] == []
    assert shown.complaints() == []


@pytest.mark.browser
@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_their_ground(browser, site, photograph, dark):
    """WCAG's contrast of 4.5, in all states."""
    page = browser.page(site.address, dark=dark)
    contrasts = page.value(CONTRASTS)
    page.choose("#file", photograph)
    page.wait(DONE)
    contrasts += page.value(CONTRASTS)
    site.refuse = lambda asked, headers: (429, "")
    page.choose("#file", photograph)
    page.wait("document.body.dataset.state === 'error'")
    contrasts += page.value(CONTRASTS)
    assert len(contrasts) > 20
    assert [name for name, contrast in contrasts if contrast < 4.5] == []
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) == dark
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1400])
def test_it_is_as_wide_as_its_window(shown, width):
    shown.resize(width, 800)
    assert shown.value("document.documentElement.scrollWidth") == width
    shown.value("document.body.dataset.state = 'empty'")
    assert shown.value("document.documentElement.scrollWidth") == width


@pytest.mark.browser
def test_everything_can_be_done_with_the_keyboard(shown):
    reached = []
    for _ in range(6):
        shown.press("Tab", code=9)
        reached.append(shown.value(FOCUSED))
        assert shown.value(OUTLINE) != "none", reached[-1]
    assert reached == ["file", "class", "opacity", "smooth", "summary", "scroll"]
    shown.value("document.querySelector('input[name=class]').focus()")
    shown.press("ArrowDown", code=40)
    assert shown.text("#maps-title") == "Where the network finds tulips"


@pytest.mark.browser
def test_screen_readers_get_names_for_everything(shown):
    assert shown.value(NAMES) == {"unnamed": 0, "twice": 0, "uncaptioned": 0}
    tree = shown.call("Accessibility.getFullAXTree")["nodes"]
    heard = [node for node in tree if not node["ignored"]]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in heard]
    assert ("radio", "daisy 81.0 %") in named
    assert ("slider", "Opacity") in named
    assert ("checkbox", "Smooth") in named
    assert ("button", "Choose a photograph") in named
    assert ("image", "Your photograph, garden.jpg") in named
    roles = {"radio", "slider", "checkbox", "button", "image", "region"}
    assert [role for role, name in named if role in roles and not name] == []


@pytest.mark.browser
def test_the_pages_colours_are_of_use_without_colour_vision(shown):
    """Each step of the scale is lighter than the one before: its luminance alone can be read."""
    steps = shown.value("import('./page/score_map.js').then(scale => scale.COLOURS)")
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in steps]
    assert all(later > earlier for earlier, later in zip(light, light[1:], strict=False))
