"""The page, drawn from stand-in figures: what each section holds, and how it behaves in a browser."""

import dataclasses
import re

import pytest
from helpers.pipeline.report_browser import probe
from helpers.pipeline.report_stand_ins import PAPER, experiment, net, pictures, report
from rich.console import Console

from components.evaluation.tfma_results import Measured
from pipeline.report.figures import PaperTable, SystemFigures, SystemsTable, TableRow
from pipeline.report.model_card import as_markdown, model_card
from pipeline.report.page import duration, p_text, render, share, shown_epochs
from pipeline.report.terminal import show_report

ROW = TableRow("D-256", "D", "256", "256", "dense", PAPER, None, None, None)
LAYOUT = """({inner: innerWidth, scroll: document.documentElement.scrollWidth,
  ground: getComputedStyle(document.body).backgroundColor,
  outside: Array.from(document.querySelectorAll('[src], [href]')).map(e => e.getAttribute('src') ??
    e.getAttribute('href')).filter(a => !a.startsWith('#') && !a.startsWith('data:')),
  loaded: performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).map(e => e.name),
  unnamed: Array.from(document.querySelectorAll('img')).filter(e => !e.alt).length +
    Array.from(document.querySelectorAll('svg[role=img]')).filter(e => !e.getAttribute('aria-label') &&
      !document.getElementById(e.getAttribute('aria-labelledby').split(' ')[0])?.textContent).length,
  uncaptioned: document.querySelectorAll('table:not(:has(caption))').length,
  headless: document.querySelectorAll('th:not([scope])').length,
  twice: Array.from(document.querySelectorAll('[id]')).length - new Set(Array.from(
    document.querySelectorAll('[id]')).map(e => e.id)).size,
  open: Array.from(document.querySelectorAll('details.experiment')).map(e => e.open)})"""
SORTED = """(() => {const table = document.querySelector('#e-first table.sortable');
  const column = i => Array.from(table.tBodies[0].rows).map(r => r.cells[i].textContent.trim());
  const button = i => table.tHead.rows[0].cells[i].querySelector('button');
  button(2).focus(); const focused = document.activeElement === button(2);
  button(2).click(); const up = column(0);
  const said = table.tHead.rows[0].cells[2].getAttribute('aria-sort');
  button(2).click(); const down = column(0); button(0).click(); const names = column(0);
  return {focused, up, said, down, names}})()"""
SEARCHED = """(() => {const input = document.querySelector('.search input'); input.value = 'CLASS <17>';
  input.dispatchEvent(new Event('input'));
  return Array.from(input.closest('details').querySelector('table[data-search]').tBodies[0].rows)
    .filter(r => !r.hidden).map(r => r.cells[0].textContent)})()"""
EMPTY_LAST = """(() => {const table = document.querySelector('#paper table');
  const order = () => Array.from(table.tBodies[0].rows).map(r => r.cells[0].textContent);
  const button = table.tHead.rows[0].cells[5].querySelector('button');
  button.click(); const up = order(); button.click(); return [up, order()]})()"""


def page(*experiments, shown=("first",), **changes) -> str:
    whole = report(*experiments, **changes)
    return render(whole, pictures(*shown), {one.name: model_card(one, whole) for one in experiments})


def test_what_was_not_run_is_left_empty():
    ran = dataclasses.replace(ROW, experiment="D-384", top1=Measured(0.268, 0.25, 0.28), images=50000)
    ran = dataclasses.replace(ran, top5=Measured(0.091))
    html = page(experiment("first"), tables=(PaperTable("Table 3 of the paper", (ROW, ran)),))
    row = re.search(r'<th scope="row">D-256</th>.*?</tr>', html, re.DOTALL)[0]
    assert re.findall(r'<td class="n"[^>]*>(.*?)</td>', row) == ["", "27.0", "", "8.8", ""]
    row = re.search(r'<th scope="row">D-384</th>.*?</tr>', html, re.DOTALL)[0]
    shown = re.findall(r'<td class="n"[^>]*>(.*?)</td>', row)
    assert shown == ['26.8 <small class="interval">[25.0, 28.0]</small>', "27.0", "9.1", "8.8", "50000"]
    assert "Table 3 of the paper: 1 of 2 rows run" in html


def sections(html: str) -> list[str]:
    return re.findall(r'<section id="(\w+)"', html)


def test_tables_without_a_row_that_was_run_are_folded_and_come_last():
    tables = (PaperTable("Table 3 of the paper", (ROW,)),)
    html = page(experiment("first"), tables=tables)
    assert sections(html) == ["experiments", "scales", "learning", "details", "paper", "identity"]
    before, folded = html.split('<details class="not-run">')
    assert "Table 3 of the paper" not in before
    assert "Table 3 of the paper: 0 of 1 rows run" in folded.split("</details>")[0]


def test_tables_with_a_row_that_was_run_come_first_and_are_open():
    ran = dataclasses.replace(ROW, top1=Measured(0.268))
    tables = (PaperTable("Table 3 of the paper", (ROW, ran)), PaperTable("Table 4 of the paper", (ROW,)))
    html = page(experiment("first"), tables=tables)
    assert sections(html)[:2] == ["experiments", "paper"]
    before, folded = html.split('<details class="not-run">')
    assert "Table 3 of the paper: 1 of 2 rows run" in before
    assert "Table 3 of the paper" not in folded
    assert "Table 4 of the paper: 0 of 1 rows run" in folded.split("</details>")[0]


SUBMISSION = SystemFigures("VGG (7 nets)", 24.7, 7.5, 7.3, "fusion-7-dense", Measured(0.261), None, 50000)
MSRA = SystemFigures("MSRA (11 nets)", None, None, 8.1, "", None, None, None)


def test_the_comparison_with_other_systems_follows_the_same_rule():
    row = r'<th scope="row">{}</th>.*?</tr>'
    html = page(experiment("first"), other_systems=SystemsTable("Table 7 of the paper", (SUBMISSION, MSRA)))
    assert '<details class="not-run">' not in html
    assert sections(html)[:2] == ["experiments", "paper"]
    shown = re.search(row.format(r"VGG \(7 nets\)"), html, re.DOTALL)[0]
    assert re.findall(r'<td class="n"[^>]*>(.*?)</td>', shown) == ["26.1", "24.7", "", "7.5", "50000", "7.3"]
    shown = re.search(row.format(r"MSRA \(11 nets\)"), html, re.DOTALL)[0]
    assert re.findall(r'<td class="n"[^>]*>(.*?)</td>', shown) == ["", "", "", "", "", "8.1"]
    html = page(experiment("first"), other_systems=SystemsTable("Table 7 of the paper", (MSRA,)))
    assert "MSRA" in html.split('<details class="not-run">')[1].split("</details>")[0]


def test_miniatures_are_said_to_be_others():
    row = dataclasses.replace(ROW, experiment="mini-D-256", miniature_of="D-256", top1=Measured(0.4))
    html = page(experiment("first"), miniatures=(PaperTable("Table 3 in miniature", (row,)),))
    section = re.search(r'<section id="miniatures".*?</section>', html, re.DOTALL)[0]
    assert "These are other nets, narrower and with smaller crops, on other data." in section
    assert "direction of the differences" in section
    assert '<th scope="row">mini-D-256</th><td>D-256</td>' in section
    assert 'id="miniatures"' not in page(experiment("first"))


def test_names_are_escaped():
    html = page(experiment("first"))
    assert "class &lt;1&gt;" in html
    assert "class <1>" not in html


def test_an_experiment_without_pictures_or_identity_says_so():
    html = page(experiment("first"), experiment("second", identity=None))
    assert "Left out: pictures are shown of the 1 newest experiments." in html
    assert "were not written down" in html


def test_the_model_card_says_what_it_is_for_and_where_that_ends():
    one = experiment("first")
    text = as_markdown("first", model_card(one, report(one)))
    assert text.startswith("# Model card: first\n\n## Model\n")
    assert "Top-1 error 20.0 % [15.0, 25.0]" in text
    assert "Worst classes, top-1 error: class <9> 90.0 % [0.0, 100.0]" in text
    assert "1 of 200 validation images did not decode" in text
    assert "200 validation images are few" in text


@pytest.mark.parametrize(
    ("method", "averages", "says"),
    [
        ("multi-crop", (), "tested multi-crop and answers densely at the same Q; its own were not measured."),
        ("dense & multi-crop", ("dense",), "its top-1 error is 20.0 % [15.0, 25.0]."),
    ],
)
def test_the_model_card_says_where_the_errors_are_not_the_pushed_model_s(method, averages, says):
    one = experiment("first")
    own = tuple(dataclasses.replace(one.overall, name=name) for name in averages)
    other = dataclasses.replace(one, method=method, averages=(*own, one.overall), pushed="/serving/1")
    for found, said in ((other, True), (dataclasses.replace(other, pushed=None), False)):
        assert (says in as_markdown("first", model_card(found, report(found)))) is said
    dense = dataclasses.replace(one, method="dense", pushed="/serving/1")
    assert "not the pushed model's" not in as_markdown("first", model_card(dense, report(dense)))


def test_the_terminal_shows_each_experiment_and_pair():
    console = Console(width=100, record=True, quiet=False, file=None)
    with console.capture() as captured:
        show_report(report(experiment("first"), experiment("second", 0.3)), console)
    assert "first" in captured.get()
    assert "30.0 [25.0, 35.0]" in captured.get()
    assert "0.031" in captured.get()


def test_the_terminal_shows_tables_of_which_nothing_was_run_on_demand():
    whole = report(
        experiment("first"),
        tables=(PaperTable("Table 3 of the paper", (ROW,)),),
        other_systems=SystemsTable("Table 7 of the paper", (MSRA,)),
    )
    texts = []
    for all_tables in (False, True):
        console = Console(width=100)
        with console.capture() as captured:
            show_report(whole, console, all_tables=all_tables)
        texts.append(captured.get())
    assert ["Table 3" in text for text in texts] == ["Table 7" in text for text in texts] == [False, True]
    assert "D-256" in texts[1]
    assert "MSRA (11 nets)" in texts[1]
    ran = report(experiment("first"), other_systems=SystemsTable("Table 7 of the paper", (SUBMISSION,)))
    console = Console(width=100)
    with console.capture() as captured:
        show_report(ran, console)
    assert "26.1" in captured.get()


def test_values_as_texts():
    assert share(None) == ""
    assert share(Measured(0.5)) == "50.0"
    assert share(Measured(0.01, -0.02, 0.04)) == '1.0 <small class="interval">[0.0, 4.0]</small>'
    assert [p_text(0.0004), p_text(0.5)] == ["< 0.001", "0.500"]
    assert [duration(5.6), duration(184), duration(3720)] == ["5.6 s", "3 min 04 s", "1 h 02 min"]


def test_a_long_training_is_shown_in_some_tens_of_rows():
    rows = [one.number for one in shown_epochs(net(200))]
    assert {1, 5, 6, 200} <= set(rows)
    assert len(rows) < 50
    assert [one.number for one in shown_epochs(net(3))] == [1, 2, 3]


def test_a_thousand_classes_stay_below_a_megabyte():
    html = page(experiment("first", classes=1000))
    assert len(html) < 1e6
    assert "data-search" in html


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("width", "dark"), [(390, True), (1280, False)])
def test_the_page_in_a_browser(tmp_path, width, dark):
    file = tmp_path / "page.html"
    file.write_text(page(experiment("first", classes=30), experiment("second")), encoding="utf-8")
    layout, errors = probe(file, LAYOUT, width=width, dark=dark)
    assert errors == []
    assert layout["inner"] == width
    assert layout["scroll"] <= width, "wider than the window"
    assert layout["ground"] == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
    assert layout["outside"] == layout["loaded"] == []
    assert layout["unnamed"] == layout["uncaptioned"] == layout["headless"] == layout["twice"] == 0
    assert layout["open"] == [True, False]


@pytest.mark.slow
@pytest.mark.browser
def test_tables_are_sorted_and_searched(tmp_path):
    file = tmp_path / "page.html"
    ran = dataclasses.replace(ROW, experiment="D-384", top1=Measured(0.268))
    table = PaperTable("Table 3 of the paper", (ROW, ran))
    file.write_text(page(experiment("first", classes=30), tables=(table,)), encoding="utf-8")
    found, errors = probe(file, SORTED, width=1280)
    names = [f"class <{number}>" for number in range(30)]
    assert errors == []
    assert found == {"focused": True, "up": names, "said": "ascending", "down": names[::-1], "names": names}
    assert probe(file, SEARCHED, width=1280)[0] == ["class <17>"]
    up, down = probe(file, EMPTY_LAST, width=1280)[0]
    assert up == down == ["D-384", "D-256"]


@pytest.mark.slow
@pytest.mark.browser
def test_a_script_error_is_seen(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(page(experiment("first")).replace('"use strict";', "nonsense();"), encoding="utf-8")
    _, errors = probe(file, "1", width=1280)
    assert len(errors) == 1
    assert "nonsense is not defined" in errors[0]
