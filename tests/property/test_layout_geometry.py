"""Pictures of random workflows: nothing overlaps, no control lines cross, and text stays in its box."""

import random
from dataclasses import replace

import pytest
from geometry import cards, data_lines, faults, frames, labels
from random_graphs import chain, deep, random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.explain.layout import lay_out
from dfsql.compiler.explain.layout_parts import Box, Card, Frame, Item, Layout, Wire
from dfsql.compiler.graph import Graph, Kind

SEEDS = range(330)


def drawn(seed: int) -> tuple[Graph, Layout]:
    """A workflow of 1 to 50 nodes; every fifth one with all of its SQL."""
    rng = random.Random(seed)
    graph = random_graph(rng, rng.randint(1, 50))
    return graph, lay_out(graph, title=graph.name, full=seed % 5 == 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_pictures_have_no_faults(seed: int) -> None:
    graph, layout = drawn(seed)
    assert faults(graph, layout) == []


def test_random_pictures_are_not_trivial() -> None:
    layouts = [drawn(seed)[1] for seed in SEEDS]
    assert sum(len(cards(layout)) for layout in layouts) > 2500
    assert sum(len(frames(layout)) for layout in layouts) > 700
    assert sum(len(data_lines(layout)) for layout in layouts) > 200


@pytest.mark.parametrize("graph", [chain(40), chain(40, right=True), deep(30)], ids=["left", "right", "deep"])
def test_long_and_deep_pictures_have_no_faults(graph: Graph) -> None:
    assert faults(graph, lay_out(graph)) == []


@pytest.mark.parametrize("seed", SEEDS[:60])
def test_everything_is_drawn_once_and_read_in_the_order_of_execution(seed: int) -> None:
    graph, layout = drawn(seed)
    steps = [item for item in layout.items if isinstance(item, Card | Frame)]
    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert {step.node.id for step in steps} == {node.id for node in graph.nodes if node.kind is not Kind.THEN}
    for frame in frames(layout):
        inside = [step for step in steps if step is not frame and frame.box.holds(step.box)]
        assert all(step.number > frame.number for step in inside)


@pytest.mark.parametrize("seed", SEEDS[:60])
def test_every_use_of_a_result_is_shown(seed: int) -> None:
    """By a line, or by the name on the card that uses it."""
    graph, layout = drawn(seed)
    lines = {(line.target.id, name) for line in data_lines(layout) for name in line.names}
    texts = {card.node.id: " ".join(text.text for text in card.texts) for card in cards(layout)}
    texts |= {frame.node.id: " ".join(text.text for text in frame.texts) for frame in frames(layout)}
    for edge in graph.edges:
        if edge.kind == "data":
            assert (edge.target, edge.name) in lines or f"${edge.name}" in texts[edge.target]


def test_a_step_at_the_end_moves_nothing_before_it() -> None:
    for seed in range(40):
        graph = _followed(random_graph(random.Random(seed), 20), Draft(Kind.SLEEP, query="1"))
        before = lay_out(graph)
        after = lay_out(_followed(graph, Draft(Kind.SQL, query="SELECT a_longer_query(1), 2, 3")))
        old = [item for item in before.items if isinstance(item, Card | Frame)]
        new = [item for item in after.items if isinstance(item, Card | Frame)]
        assert [item.box for item in new[: len(old)]] == [item.box for item in old]


def _followed(graph: Graph, last: Draft) -> Graph:
    """The workflow with one more step behind it."""
    drafts: dict[int, Draft] = {}
    for node in reversed(graph.nodes):
        children = {role: drafts[at] for role, at in node.children.items()}
        drafts[node.index] = Draft(node.kind, children, node.query, node.name)
    return assemble(Draft(Kind.THEN, {"first": drafts[0], "second": last}), name=graph.name)


@pytest.mark.parametrize("graph", [chain(10_000), deep(250)], ids=["chain", "deep"])
def test_large_workflows_are_laid_out_without_recursion(graph: Graph) -> None:
    assert lay_out(graph).steps == sum(node.kind is not Kind.THEN for node in graph.nodes)


def test_faults_are_found() -> None:
    """The checks above can fail: each spoilt picture is caught."""
    graph, layout = next((g, one) for g, one in map(drawn, SEEDS) if data_lines(one) and len(frames(one)) > 2)
    card, frame, line = cards(layout)[-1], frames(layout)[-1], data_lines(layout)[0]
    label = next(text for text in labels(layout) if text.role == "label")
    other = cards(layout)[0].box
    spoilt: list[tuple[str, object, Item]] = [
        ("overlap", card, replace(card, box=other)),
        ("leaves", card, replace(card, texts=(replace(card.texts[0], x=card.box.right - 5),))),
        ("is not inside", frame, replace(frame, box=Box(frame.box.x, frame.box.y, frame.box.w, 40))),
        ("lies on", label, replace(label, x=other.x, y=other.y + 20)),
        ("begins nowhere", line, replace(line, points=((other.x - 9, 0), line.points[-1]))),
    ]
    for words, old, new in spoilt:
        items = [new if item is old else item for item in layout.items]
        found = faults(graph, Layout(items, layout.box, layout.steps))
        assert any(words in fault for fault in found), (words, found)
    across = Wire(((layout.box.x + 1, other.bottom + 5), (layout.box.right - 1, other.bottom + 5)))
    found = faults(graph, Layout([*layout.items, across], layout.box, layout.steps))
    assert any("cross" in fault for fault in found)
