"""The state of the steps of a started workflow, in every format that shows it."""

import json
import re

import pytest
from random_graphs import chain

from dfsql.compiler import compile, explain
from dfsql.compiler.explain import chart, theme
from dfsql.compiler.explain.states import STATES

GRAPH = compile(
    "'SELECT 1' |=> 'a' ~> df.if('SELECT $a', 'SELECT 2' & df.wait_for_signal('s'), 'SELECT 3') ~> 'SELECT 4'",
    name="flow",
).graphs[0]
STATUSES = {
    "s1": "completed",
    "s2": "running",
    "s2.then.s1": "running",
    "s2.then.s1.j1.s1": "failed",
    "s2.then.s1.j2.s1": "running",
    "s2.else.s1": "skipped",
    "s2.cond.s1": "completed",
    "s3": "pending",
}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def groups(svg: str) -> dict[str, str]:
    """Step id -> the elements of its group."""
    return dict(re.findall(r'<g id="df-n-([^"]+)"(.*?)</g>', svg, re.DOTALL))


def test_every_step_of_the_graph_has_a_state_here() -> None:
    assert set(STATUSES) == {node.id for node in GRAPH.nodes if node.kind.value != "THEN"}
    assert set(STATUSES.values()) == set(STATES)


def test_svg_has_a_badge_on_every_step_and_a_legend() -> None:
    svg = explain(GRAPH, format="svg", statuses=STATUSES)
    found = groups(svg)
    assert found.keys() == STATUSES.keys()
    for node, state in STATUSES.items():
        assert f" st-{state}" in found[node]
        assert found[node].count('class="state"') == 1
        assert ('class="glyph"' in found[node]) is (state != "pending")
        assert f"({node}), {state}, " in found[node]
    legend = svg[svg.rindex('<g class="st-completed">') :]
    assert re.findall(r">(\d+ \w+)</text>", legend) == [
        "2 completed",
        "3 running",
        "1 failed",
        "1 pending",
        "1 skipped",
    ]
    assert "Its steps: 2 completed, 3 running, 1 failed, 1 pending, 1 skipped." in svg


def test_the_legend_has_room() -> None:
    small = chain(1)
    svg = explain(small, format="svg", statuses={"s1": "running"})
    box = [int(number) for number in re.findall(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', svg)[0]]
    plain = explain(small, format="svg")
    before = [int(number) for number in re.findall(r'viewBox="(\S+) (\S+) (\S+) (\S+)"', plain)[0]]
    assert box[3] > before[3]
    legend = svg[svg.rindex('<g class="st-') :]
    x, y = (int(number) for number in re.findall(r'cx="(\S+)" cy="(\S+)"', legend)[0])
    assert box[0] <= x - 9
    assert box[1] + before[3] - 24 <= y - 9 < y + 9 <= box[1] + box[3]


@pytest.mark.parametrize("format", ["text", "svg", "dot", "mermaid", "html", "json"])
def test_without_states_nothing_changes(format: str) -> None:
    assert explain(GRAPH, format=format, statuses={}) == explain(GRAPH, format=format)
    assert ".st-" not in explain(GRAPH, format="svg")


def test_an_unknown_state_is_pending() -> None:
    assert ' st-pending"' in explain(chain(1), format="svg", statuses={"s1": "x"})


def test_text_marks() -> None:
    tree = explain(GRAPH, statuses=STATUSES).split("\n")
    marks = [line.strip()[-1] for line in tree if not line.rstrip().endswith(":")]
    assert marks == ["✓", "⏳", "✓", "⏳", "✗", "⏳", "⊘", "○"]


def test_dot_and_mermaid_say_it_in_words_and_by_the_border() -> None:
    dot = explain(GRAPH, format="dot", statuses=STATUSES)
    mermaid = explain(GRAPH, format="mermaid", statuses=STATUSES)
    for state in STATES:
        ink = chart.STATE_INKS[state]
        assert re.search(rf'label="[^"]*· {state}[^"]*" color="{ink}"', dot)
        assert f":::{state}\n" in mermaid
        assert f"classDef {state} fill:#ffffff,stroke:{ink}" in mermaid
    assert "IF · running" in dot
    assert "IF · running" in mermaid
    assert dot.count("dashed") - explain(GRAPH, format="dot").count("dashed") == 1


def test_html_tells_the_panel() -> None:
    page = explain(GRAPH, format="html", statuses=STATUSES)
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert {fact["id"]: fact["state"] for fact in json.loads(data[1])} == STATUSES


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_states_stand_out(colours: theme.Theme) -> None:
    assert set(colours.states) == set(STATES)
    found = dict(theme.state_rules(colours))
    for state in STATES:
        fill, stroke = re.findall(r"#[0-9a-f]{6}", found[f".st-{state} .state"])
        (glyph,) = re.findall(r"#[0-9a-f]{6}", found[f".st-{state} .glyph"])
        assert contrast(glyph, fill) >= 4.5
        for ground in (colours.canvas, colours.odd, colours.card, colours.band):
            assert contrast(stroke, ground) >= 3


def test_state_colours_of_diagrams_stand_out() -> None:
    assert set(chart.STATE_INKS) == set(STATES)
    assert [state for state, ink in chart.STATE_INKS.items() if contrast(ink, "#ffffff") < 4.5] == []
