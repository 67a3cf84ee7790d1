"""The page in a real browser: clicks, keys, search, zoom and drag; and that it needs nothing from outside."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain import html
from dfsql.compiler.graph import Graph, Kind
from dfsql.grammar import Finding, Severity, Span

EVIL = "SELECT '</script><script>document.title = ''gone''</script>', '<img src=x onerror=alert(1)>' -- \u2028 ]]>"
LONG = "UPDATE orders SET state = 'paid', paid_at = now(), note = 'a text no card has room for' WHERE id = $order.id"

needs_chromium = pytest.mark.needs_chromium


def workflow(name: str = "orders") -> Graph:
    def sql(text: str, bound: str | None = None) -> Draft:
        return Draft(Kind.SQL, query=text, name=bound)

    signal = Draft(Kind.SIGNAL, query=json.dumps({"signal_name": "approved", "timeout_seconds": 60}))
    choice = Draft(
        Kind.IF, {"then": sql(LONG), "else": sql(EVIL), "condition": sql("SELECT $order.total > 5")}
    )
    root = sql("SELECT id, total FROM orders LIMIT 1", "order")
    for step in (signal, choice, sql("SELECT 'the last one'")):
        root = Draft(Kind.THEN, {"first": root, "second": step})
    return assemble(root, name=name)


FINDINGS = [
    Finding(
        "DF601", Severity.WARNING, "may wait <b>for ever</b>", Span(0, 0), help="Add a timeout.", node="s2"
    ),
    Finding("DF701", Severity.ERROR, "of another workflow", Span(0, 0), workflow="other", node="s2"),
]


# --- the text ---------------------------------------------------------------------------------------------


def test_it_loads_nothing_and_runs_only_its_own_script() -> None:
    page = html.render(workflow(), FINDINGS)
    assert page == html.render(workflow(), FINDINGS)
    assert re.findall(r"<(?:link|img|iframe|script src|object)[ >]", page) == []
    assert re.findall(r"(?:src|href)=\"(?!#)", page) == []
    assert page.count("<script") == page.count("</script>") == 2
    assert "default-src 'none'" in page
    assert "@@" not in page.replace(EVIL, "")


@pytest.mark.parametrize("text", [EVIL, "@@PICTURE@@ @@DATA@@", "\x00\ud800</SCRIPT >", "<!-- <script>"])
def test_texts_cannot_leave_their_place(text: str) -> None:
    page = html.render(assemble(Draft(Kind.SQL, query=text), name=text, label=text), title=text)
    page.encode("utf-8")
    assert len(re.findall(r"<script", page, re.IGNORECASE)) == 2
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])[0]["text"] == text
    assert "<" not in data[1]


# --- in the browser ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    program = browser.find()
    if program is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    with browser.Browser(program) as page:
        yield page


@pytest.fixture
def page(chromium: browser.Browser, tmp_path: Path) -> browser.Browser:
    path = tmp_path / "orders.html"
    path.write_text(html.render(workflow(), FINDINGS), encoding="utf-8")
    chromium.open(path)
    chromium.until("document.querySelectorAll('.step[tabindex]').length === 7")
    return chromium


def panel(page: browser.Browser) -> str:
    return str(page.value("document.getElementById('panel').innerText"))


def step(node: str) -> str:
    return f'[data-id="{node}"] text.kind, [data-id="{node}"] text.tag'


def view(page: browser.Browser) -> list[float]:
    return [
        float(part)
        for part in page.value("document.querySelector('#stage svg').getAttribute('viewBox')").split()
    ]


@needs_chromium
def test_a_click_shows_the_whole_step(page: browser.Browser) -> None:
    assert "No step selected" in panel(page)
    page.click(step("s3.then.s1"))
    page.until("document.querySelector('#panel pre') !== null")
    assert page.value("document.querySelector('#panel pre').textContent") == LONG
    assert "$order from s1" in panel(page)
    assert page.value("document.querySelectorAll('.lines.hot').length") == 1
    page.click("#panel .link")  # to the step that binds the name
    page.until("document.querySelector('.selected').dataset.id === 's1'")
    assert "$order, used by s3.cond.s1, s3.then.s1" in panel(page)
    assert page.messages == []


@needs_chromium
def test_findings_are_text_not_markup(page: browser.Browser) -> None:
    page.click(step("s2"))
    page.until("document.querySelector('.found') !== null")
    assert "warning DF601: may wait <b>for ever</b>" in panel(page)
    assert "Add a timeout." in panel(page)
    assert "another workflow" not in panel(page)
    page.click(step("s3.else.s1"))
    page.until("document.querySelector('.selected').dataset.id === 's3.else.s1'")
    assert page.value("document.querySelector('#panel pre').textContent") == EVIL
    assert page.value("document.title") == "orders"
    assert page.value("document.querySelectorAll('script').length") == 2


@needs_chromium
def test_the_keyboard_is_enough(page: browser.Browser) -> None:
    for _ in range(5):  # search, three buttons, the first step
        page.press("Tab")
    assert page.value("document.activeElement.dataset.id") == "s1"
    assert page.value("document.activeElement.getAttribute('aria-label')").startswith(
        "step 1 (s1), SQL, binds $order"
    )
    page.press("Enter")
    assert "SELECT id, total FROM orders LIMIT 1" in panel(page)
    page.press("Tab")
    page.press("Enter")
    assert "'approved' within 60 s" in panel(page)
    wide = view(page)[2]
    page.press("+", "+")
    assert view(page)[2] < wide
    page.press("-", "-")
    page.press("-", "-")
    assert view(page)[2] > wide
    page.press("0", "0")
    box = page.value(
        "(() => { const b = document.querySelector('.canvas').getBBox(); return [b.width, b.height]; })()"
    )
    assert view(page)[2] >= box[0] - 1 and view(page)[3] >= box[1] - 1
    page.press("Escape")
    assert "No step selected" in panel(page)
    assert page.messages == []


@needs_chromium
def test_search_dims_the_rest_and_goes_from_match_to_match(page: browser.Browser) -> None:
    page.press("/", "/")
    page.until("document.activeElement.id === 'search'")
    page.type("$ORDER")
    page.until("document.getElementById('count').textContent === '3 steps'")
    assert page.value("document.querySelectorAll('.step.miss').length") == 4
    seen = []
    for _ in range(4):
        page.press("Enter", "\r")
        seen.append(page.value("document.querySelector('.selected').dataset.id"))
    assert seen == ["s1", "s3.cond.s1", "s3.then.s1", "s1"]
    page.press("Escape")
    assert page.value("document.querySelectorAll('.step.miss').length") == 0


@needs_chromium
def test_drag_moves_and_wheel_zooms_around_the_pointer(page: browser.Browser) -> None:
    start = view(page)
    page.drag((300, 300), (360, 340))
    page.until(f"document.querySelector('#stage svg').viewBox.baseVal.x < {start[0]} - 1")
    moved = view(page)
    assert moved[1] < start[1] and moved[2:] == start[2:]
    assert "No step selected" in panel(page)
    before = page.place(step("s1"))
    page.wheel(before, -120)
    page.until(f"document.querySelector('#stage svg').viewBox.baseVal.width < {moved[2]} - 1")
    after = page.place(step("s1"))
    assert after == pytest.approx(before, abs=3)
    page.click("#out")
    page.click("#fit")
    page.click(step("s4"))
    assert "the last one" in panel(page)


@needs_chromium
def test_dark_is_respected(page: browser.Browser) -> None:
    colour = "getComputedStyle(document.querySelector('%s')).%s"
    shown = {}
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        shown[scheme] = [
            page.value(colour % ("body", "backgroundColor")),
            page.value(colour % (".canvas", "fill")),
            page.value(colour % ("text.sql", "fill")),
        ]
    page.prefer("light")
    assert shown["light"] == ["rgb(255, 255, 255)", "rgb(255, 255, 255)", "rgb(31, 35, 40)"]
    assert shown["dark"] == ["rgb(13, 17, 23)", "rgb(13, 17, 23)", "rgb(240, 246, 252)"]


@needs_chromium
def test_no_text_is_wider_than_its_card(page: browser.Browser) -> None:
    """With the fonts of this machine; the layout knows only widths from its own table."""
    wide = page.value(
        "[...document.querySelectorAll('#stage .step')].flatMap((step) => {"
        " const card = step.querySelector('.box, .band').getBBox();"
        " return [...step.querySelectorAll('text')].map((text) => text.getBBox())"
        " .filter((text) => text.x < card.x || text.x + text.width > card.x + card.width).map(() => step.dataset.id);"
        "})"
    )
    assert wide == []


@needs_chromium
def test_the_picture_works_in_an_img(chromium: browser.Browser, tmp_path: Path) -> None:
    from dfsql.compiler.explain import svg

    (tmp_path / "picture.svg").write_text(svg.render(workflow()), encoding="utf-8")
    around = tmp_path / "around.html"
    around.write_text('<!DOCTYPE html><img id="it" src="picture.svg" alt="a workflow">', encoding="utf-8")
    chromium.open(around)
    assert chromium.value("document.getElementById('it').complete")
    assert chromium.value("document.getElementById('it').naturalWidth") > 300
