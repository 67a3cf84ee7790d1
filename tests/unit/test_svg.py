"""The SVG: well-formed, readable in light and dark, the same bytes everywhere, small diffs."""

import json
import os
import re
import subprocess
import sys
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from random_graphs import chain, deep

import dfsql
from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain import svg, theme
from dfsql.compiler.explain.fonts import cut_mono, cut_sans, mono, sans, visible, wrap_mono
from dfsql.compiler.explain.layout_cards import duration
from dfsql.compiler.graph import Graph, Kind
from dfsql.grammar import Finding, Severity, Span

SUPPORT = Path(__file__).parents[1] / "support"
NAMESPACE = "{http://www.w3.org/2000/svg}"
NASTY = "SELECT '<b>&amp;\"]]>', $a$ \x00\x1b[31m \ud800 \ufffe\r\n\t日本語 🙂 \u202e' -- </script>"


def step(text: str, name: str | None = None) -> Draft:
    return Draft(Kind.SQL, query=text, name=name)


def leaf(kind: Kind, **config: object) -> Draft:
    return Draft(kind, query=json.dumps(config))


def sequence(*drafts: Draft) -> Draft:
    root = drafts[0]
    for draft in drafts[1:]:
        root = Draft(Kind.THEN, {"first": root, "second": draft})
    return root


def zoo() -> Graph:
    """A workflow with every kind of node."""
    rows = Draft(
        Kind.IF_ROWS,
        {"then": leaf(Kind.BREAK, break_value="done"), "else": Draft(Kind.SLEEP, query="5400")},
        query='{"condition_type":"result_has_rows","result_name":"page"}',
    )
    fetch = leaf(Kind.HTTP, url="https://api.example/items?after=$last", method="GET", timeout_seconds=5)
    fetch.name = "page"
    race = Draft(
        Kind.RACE, {"branch1": fetch, "branch2": leaf(Kind.SIGNAL, signal_name="stop", timeout_seconds=60)}
    )
    upload = leaf(Kind.HTTP_MULTIPART, url="http://files.example/", method="PUT", parts=[{}, {}])
    join = Draft(Kind.JOIN, {"branch1": upload, "branch2": step("SELECT $page.id")}, name="both")
    choice = Draft(
        Kind.IF, {"then": join, "else": leaf(Kind.SIGNAL, signal_name="go"), "condition": step("SELECT true")}
    )
    loop = Draft(Kind.LOOP, {"body": sequence(race, rows)})
    again = Draft(Kind.LOOP, {"body": step("DELETE FROM q"), "condition": step("SELECT count(*) > 0 FROM q")})
    wait = leaf(Kind.WAIT_SCHEDULE, cron_expr="0 6 * * MON")
    first = step("SELECT max(id) FROM items", "last")
    return assemble(sequence(first, wait, loop, choice, again), name="zoo")


ZOO = zoo()


def lines_of(graph: Graph) -> list[str]:
    return svg.render(graph).split("\n")


# --- the document -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("graph", [ZOO, chain(30), deep(20)], ids=["zoo", "chain", "deep"])
@pytest.mark.parametrize("full", [False, True])
def test_one_element_per_line_with_short_numbers(graph: Graph, full: bool) -> None:
    text = svg.render(graph, full=full)
    assert text.endswith("</svg>\n")
    assert "\r" not in text
    style = text.index("<style>"), text.index("</style>")
    for line in (text[: style[0]] + text[style[1] + 8 :]).split("\n"):
        bare = re.sub(r"</?tspan[^>]*>", "", line)
        assert len(re.findall(r"<[a-z]", bare)) <= 1, line
    numbers = [
        number for path in re.findall(r' d="([^"]*)"', text) for number in re.findall(r"-?[\d.]+", path)
    ]
    numbers += re.findall(r' (?:x|y|cx|cy|width|height|rx|r)="([^"]*)"', text)
    assert len(numbers) > 100
    assert [
        number for number in numbers if not re.fullmatch(r"0|-?\d*\.[1-9]|-?[1-9]\d*(\.[1-9])?", number)
    ] == []


def test_attributes_come_in_one_order() -> None:
    orders: dict[tuple[str, str], set[str]] = {}
    for tag, attributes in re.findall(r"<([a-z]+) ([^>]*)>", svg.render(ZOO)):
        names = re.findall(r'([a-zA-Z-]+)="', attributes)
        kind = re.search(r'class="(\S+)', attributes)
        for a, b in pairwise(names):
            orders.setdefault((tag, kind[1] if kind else ""), set()).add(f"{a}<{b}")
    for pairs in orders.values():
        assert not any(f"{pair.split('<')[1]}<{pair.split('<')[0]}" in pairs for pair in pairs)


def test_it_stands_alone() -> None:
    text = svg.render(ZOO)
    root = ElementTree.fromstring(text)
    assert root.get("role") == "graphics-document document"
    assert "<script" not in text
    assert "@import" not in text
    assert re.findall(r"https?://[^\"<]*", re.sub(r"<title>.*</title>|<text.*</text>", "", text)) == [
        "http://www.w3.org/2000/svg"
    ]
    canvas = root.find(f"{NAMESPACE}rect[@class='canvas']")
    assert canvas is not None
    assert [canvas.get(name) for name in ("x", "y", "width", "height")] == (root.get("viewBox") or "").split()


def test_title_and_description_come_from_the_graph() -> None:
    root = ElementTree.fromstring(svg.render(ZOO))
    title, desc = root.find(f"{NAMESPACE}title"), root.find(f"{NAMESPACE}desc")
    assert title is not None and title.text == "zoo"
    assert desc is not None and desc.text == (
        "A workflow of 18 steps: 5 SQL, 1 IF, 1 IF_ROWS, 1 JOIN, 1 RACE, 2 LOOP, 1 BREAK, 1 SLEEP, "
        "1 WAIT_SCHEDULE, 2 SIGNAL, 1 HTTP, 1 HTTP_MULTIPART. Constructs are nested 2 deep. It waits for "
        "the schedule '0 6 * * MON', the signal 'stop', 1 h 30 min (5400 s), the signal 'go'. "
        "It binds $last, $page, $both."
    )
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == desc.get("id")


def test_every_step_is_a_group_that_says_what_it_is() -> None:
    root = ElementTree.fromstring(svg.render(ZOO))
    titles = {
        group.get("data-id"): group.findtext(f"{NAMESPACE}title")
        for group in root.findall(f"{NAMESPACE}g[@data-id]")
    }
    assert set(titles) == {node.id for node in ZOO.nodes if node.kind is not Kind.THEN}
    assert titles["s1"] == "step 1 (s1), SQL, binds $last: SELECT max(id) FROM items"
    assert titles["s2"] == "step 2 (s2), WAIT: 0 6 * * MON"
    assert titles["s3"] == "step 3 (s3), LOOP until a BREAK"
    assert titles["s3.body.s1.r1.s1"] == (
        "step 5 (s3.body.s1.r1.s1), HTTP GET, binds $page, uses $last: GET https://api.example/items?after=$last"
    )
    assert titles["s3.body.s2.else.s1"] == "step 9 (s3.body.s2.else.s1), SLEEP: 1 h 30 min (5400 s)"
    assert titles["s5"] == "step 16 (s5), LOOP while SELECT count(*) > 0 FROM q"


@pytest.mark.parametrize("full", [False, True])
def test_any_text_can_be_drawn(full: bool) -> None:
    graph = assemble(sequence(step(NASTY), leaf(Kind.SIGNAL, signal_name=NASTY)), name=NASTY, label=NASTY)
    text = svg.render(graph, full=full)
    text.encode("utf-8")
    root = ElementTree.fromstring(text)
    title = root.findtext(f"{NAMESPACE}g[@data-id='s1']/{NAMESPACE}title")
    first, second = NASTY.split("\r\n\t")
    assert title == f"step 1 (s1), SQL: {visible(first)}\r\n\t{visible(second)}"


def test_a_long_name_leaves_room_for_what_is_asked_of_it() -> None:
    name = "a_name_that_does_not_end_" * 4
    (graph,) = dfsql.compile(
        f"'SELECT 1' |=> '{name}' ~> df.if_rows('{name}', 'SELECT 2', 'SELECT 3')"
    ).graphs
    assert "… has rows<" in svg.render(graph)


def test_full_shows_every_word() -> None:
    words = " ".join(f"word{number}" for number in range(200))
    graph = assemble(step(f"SELECT '{words}'"))
    drawn = " ".join(ElementTree.fromstring(svg.render(graph, full=True)).itertext())
    assert all(re.search(rf"\b{word}\b", drawn.split("SELECT", 2)[2]) for word in words.split())
    assert "…" in svg.render(graph)


def test_findings_are_badges_whose_form_tells_how_bad() -> None:
    def found(severity: Severity, node: str | None, workflow: str | None = None) -> Finding:
        return Finding("DF301", severity, "is <not> bound", Span(0, 1), node=node, workflow=workflow)

    findings = [found(Severity.WARNING, "s1"), found(Severity.ERROR, "t5"), found(Severity.INFO, "s3")]
    ignored = [
        found(Severity.ERROR, "s2", "another"),
        found(Severity.ERROR, None),
        found(Severity.ERROR, "s99"),
    ]
    root = ElementTree.fromstring(svg.render(ZOO, findings=[*findings, *ignored]))
    badges = {
        group.get("data-id"): [child.get("class") for child in group]
        for group in root.findall(f"{NAMESPACE}g[@data-id]")
        if any(child.get("class") == "badge" for child in group)
    }
    assert set(badges) == {"s1", "s3", "s5"}  # a sequence's finding is shown by its last step
    assert "warning" in badges["s1"] and "info" in badges["s3"] and "error" in badges["s5"]
    title = root.findtext(f"{NAMESPACE}g[@data-id='s1']/{NAMESPACE}title") or ""
    assert title.endswith("\nwarning DF301: is <not> bound")


def test_steps_out_of_focus_are_dim() -> None:
    text = svg.render(ZOO, dim=frozenset({"s1", "s3"}))
    assert re.findall(r'class="step [^"]* dim" data-id="([^"]*)"', text) == ["s1", "s3"]


# --- the same bytes, and small differences ---------------------------------------------------------------


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import random, sys; from random_graphs import random_graph; from dfsql.compiler.explain import svg;"
        "sys.stdout.buffer.write("
        "''.join(svg.render(random_graph(random.Random(n), 40)) for n in range(5)).encode())"
    )
    outputs = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(SUPPORT)}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
        outputs.add(run.stdout)
    assert len(outputs) == 1
    assert outputs.pop().count(b"<svg") == 5


def changed(before: list[str], after: list[str]) -> list[str]:
    """Lines of `before` that are gone, but for the head, which tells the size and counts the steps."""
    gone = []
    for operation, start, end, _, _ in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone += before[start:end] if operation in ("replace", "delete") else []
    return [line for line in gone if not line.startswith(("<svg ", "<desc ", '<rect class="canvas"'))]


def test_a_step_at_the_end_changes_only_the_end() -> None:
    steps = [
        step("SELECT 1", "a"),
        step("SELECT $a", "b"),
        Draft(Kind.SLEEP, query="5"),
        step("SELECT $b, $a"),
    ]
    before = lines_of(assemble(sequence(*steps), name="w"))
    after = lines_of(assemble(sequence(*steps, step("UPDATE t SET x = $a, y = $b")), name="w"))
    gone = changed(before, after)
    assert len(gone) == 2  # the sign of the end
    assert all(line.startswith("<circle") for line in gone)


def test_an_edited_step_changes_only_itself_and_what_follows() -> None:
    def workflow(text: str) -> list[str]:
        branches = {"branch1": step("SELECT 2"), "branch2": step("SELECT 3")}
        return lines_of(
            assemble(sequence(step("SELECT 1"), Draft(Kind.JOIN, branches), step(text), step("SELECT 4")))
        )

    before = workflow("SELECT 5")
    short = changed(before, workflow("SELECT 6"))
    assert len(short) == 2  # the title and the line of SQL
    assert all("SELECT 5" in line for line in short)
    taller = changed(before, workflow("SELECT " + "5, " * 40))
    first = next(number for number, line in enumerate(before) if 'data-id="s3"' in line)
    assert all(line in before[first:] for line in taller)


# --- colours ----------------------------------------------------------------------------------------------

# What stands on what: (selector of the ink, selectors of the grounds, least contrast)
GROUNDS = (".canvas", ".odd", ".box", ".soft")
PAIRS = [
    ("text", (*GROUNDS, ".band"), 4.5),
    (".label", GROUNDS, 4.5),
    (".note", GROUNDS, 4.5),
    (".ref", (".box", ".soft"), 4.5),
    (".chip", (".chipbox",), 4.5),
    (".badge", (".error", ".warning", ".info"), 4.5),
    (".box", (".canvas", ".inside", ".odd"), 3.0),
    (".wire", (".canvas", ".inside", ".odd"), 3.0),
    (".wire.dead", (".canvas", ".inside", ".odd"), 3.0),
    (".data", (".canvas", ".inside", ".odd"), 3.0),
    (".mark", (".mark",), 3.0),
    *((f".k-{kind} .kind", (".box", ".soft"), 4.5) for kind in theme.CARD_KINDS),
    *((f".k-{kind} .icon", (".box", ".soft"), 3.0) for kind in theme.CARD_KINDS),
    *((f".k-{kind} .frame", (".canvas", ".inside", ".odd", ".band"), 3.0) for kind in theme.FRAME_KINDS),
    *((".tag", (f".k-{kind} .stripe",), 4.5) for kind in theme.FRAME_KINDS),
]


def sheet(dark: bool) -> dict[str, dict[str, str]]:
    """The colours of the style sheet that a picture carries: selector -> property -> colour."""
    text = svg.render(chain(1))
    light_part, _, dark_part = text[text.index("<style>") :].partition(
        "@media screen and (prefers-color-scheme:dark){"
    )
    found: dict[str, dict[str, str]] = {}
    for part in (light_part, dark_part.partition("</style>")[0]) if dark else (light_part,):
        for selector, body in re.findall(r"\.dfsql ([^{}]+)\{([^}]*)\}", part):
            for name, value in re.findall(r"(fill|stroke):(#[0-9a-f]{6})", body):
                found.setdefault(selector, {})[name] = value
    return found


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_and_lines_stand_out(dark: bool) -> None:
    colours = sheet(dark)
    weak = []
    for ink, grounds, least in PAIRS:
        paint = colours[ink].get("stroke") or colours[ink]["fill"]
        for ground in grounds:
            ratio = contrast(paint, colours[ground]["fill"])
            if ratio < least:
                weak.append(f"{ink} {paint} on {ground} {colours[ground]['fill']}: {ratio:.2f}")
    assert weak == []


def test_every_colour_has_a_dark_counterpart() -> None:
    assert theme.rules(theme.LIGHT) != theme.rules(theme.DARK)
    assert [rule[0] for rule in theme.rules(theme.LIGHT)] == [rule[0] for rule in theme.rules(theme.DARK)]
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


# --- words and widths -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (5, "5 s"),
        (60, "1 min"),
        (5400, "1 h 30 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h 1 min 1 s"),
    ],
)
def test_durations(seconds: int, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("text", "most", "lines"),
    [
        ("", 3, [""]),
        ("SELECT 1", 3, ["SELECT 1"]),
        ("aaaa bbbb cccccc", 3, ["aaaa bbbb", "cccccc"]),
        ("aaaa bbbb 1", 3, ["aaaa", "bbbb 1"]),
        ("aaaa bbbb cccc", 1, ["aaaa bbb…"]),
        ("aaaaaaa bb cccc", 1, ["aaaaaaa…"]),
        ("aaaaaaaaaaaaaaa", None, ["aaaaaaaaaa", "aaaaa"]),
        ("日本語日本語日本語", None, ["日本語日本語", "日本語"]),
    ],
)
def test_wrapping(text: str, most: int | None, lines: list[str]) -> None:
    assert wrap_mono(text, 10, 63, most) == lines
    assert all(mono(line, 10) <= 63 for line in lines)


def test_widths_are_exact() -> None:
    """A sum of fractions would depend on Python's version, and with it where a line is broken."""
    assert mono("日本語" * 100, 10) == 3150
    assert mono("a日" * 100, 10) == 1670
    assert sans("あ" * 7, 10) == 73.5
    assert cut_mono("日本語日本語", 10, 63) == "日本語日本語"
    assert cut_mono("日本語日本語", 10, 62.9) == "日本語日本…"


@pytest.mark.parametrize(
    "text", ["x" * 50, "日本" * 30, "🙂" * 40, "W i l l " * 9, "e\u0301" * 60, "\ufdfd" * 9]
)
def test_cut_text_fits(text: str) -> None:
    assert mono(cut_mono(text, 12, 100), 12) <= 100
    assert sans(cut_sans(text, 12, 100), 12) <= 100
    assert cut_mono(text, 12, 100).endswith("…")
    assert all(mono(line, 12) <= 120 for line in wrap_mono(text, 12, 120))
