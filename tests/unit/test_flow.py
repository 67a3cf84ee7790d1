"""Edges between steps, networkx views of them, and questions about the whole graph."""

import subprocess
import sys
from dataclasses import replace

import networkx as nx
import pytest
from drafts import break_, http, if_, if_rows, join, loop, named, race, sleep, sql, then

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.flow import (
    NEXT_ROUND,
    CyclicGraphError,
    ancestors,
    critical_path,
    descendants,
    reachable,
    sleep_seconds,
    validate_acyclic,
)
from dfsql.compiler.graph import Graph, Kind

X = "SELECT $x"
Row = tuple[str, str, str | None]


def control(draft: Draft) -> list[Row]:
    return [(e.source, e.target, e.label) for e in assemble(draft).edges if e.kind == "control"]


def data(draft: Draft) -> list[Row]:
    edges = [edge for edge in assemble(draft).edges if edge.kind == "data"]
    assert all(edge.name == "x" for edge in edges)
    return [(edge.source, edge.target, edge.label) for edge in edges]


CONTROL: list[tuple[Draft, list[Row]]] = [
    (sql(), []),
    (then(sql(), sql(), sql()), [("s1", "s2", None), ("s2", "s3", None)]),
    (
        Draft(Kind.THEN, {"first": sql(), "second": then(sql(), sql())}),
        [("s1", "s2", None), ("s2", "s3", None)],
    ),
    (
        then(if_(sql(), then(sql(), sql()), sql()), sql()),
        [
            ("s1", "s1.cond.s1", "condition"),
            ("s1", "s1.then.s1", "then"),
            ("s1", "s1.else.s1", "else"),
            ("s1", "s2", None),
            ("s1.then.s1", "s1.then.s2", None),
        ],
    ),
    (if_rows("q", sql(), sql()), [("s1", "s1.then.s1", "then"), ("s1", "s1.else.s1", "else")]),
    (
        join(sql(), sql(), sql()),
        [("s1", "s1.j1.s1", "branch 1"), ("s1", "s1.j2.s1", "branch 2"), ("s1", "s1.j3.s1", "branch 3")],
    ),
    (race(sql(), sql()), [("s1", "s1.r1.s1", "branch 1"), ("s1", "s1.r2.s1", "branch 2")]),
    (loop(sql(), sql()), [("s1", "s1.body.s1", "body"), ("s1", "s1.while.s1", "while")]),
    (loop(loop(sql())), [("s1", "s1.body.s1", "body"), ("s1.body.s1", "s1.body.s1.body.s1", "body")]),
    (then(named(then(sql(), sql()), "x"), sql()), [("s1", "s2", None), ("s2", "s3", None)]),
    (then(loop(sql()), sql()), [("s1", "s2", None), ("s1", "s1.body.s1", "body")]),
]


@pytest.mark.parametrize(("draft", "edges"), CONTROL)
def test_control_edges(draft: Draft, edges: list[Row]) -> None:
    assert sorted(control(draft), key=str) == sorted(edges, key=str)


def test_control_edges_come_in_the_order_of_execution() -> None:
    sources = [source for source, _, _ in control(CONTROL[3][0])]
    assert sources == ["s1", "s1", "s1", "s1", "s1.then.s1"]
    targets = [target for _, target, _ in control(CONTROL[3][0])]
    assert targets == ["s1.cond.s1", "s1.then.s1", "s1.else.s1", "s2", "s1.then.s2"]


DATA: list[tuple[Draft, list[Row]]] = [
    (then(sql("SELECT 1", "x"), sql(X), sql("SELECT $x.a, $x.b")), [("s1", "s2", None), ("s1", "s3", None)]),
    (
        then(if_(sql(), sql(name="x"), sql(name="x")), sql(X)),
        [("s1.then.s1", "s2", None), ("s1.else.s1", "s2", None)],
    ),
    (then(named(join(sql(), sql()), "x"), sql(X)), [("s1", "s2", None)]),
    (then(sql(name="x"), http("https://h/$x.id")), [("s1", "s2", None)]),
    (then(sql(name="x"), if_rows("x", sql(), sql())), [("s1", "s2", None)]),
    # the name on a THEN is bound by its last step
    (then(named(then(sql(), sql()), "x"), sql(X)), [("s2", "s3", None)]),
    (then(named(then(sql(), named(then(sql(), sql()), "y")), "x"), sql(X)), [("s3", "s4", None)]),
    # into the next round of a loop
    (then(sql(), loop(then(sql(X), sql(name="x")))), [("s2.body.s2", "s2.body.s1", NEXT_ROUND)]),
    (then(sql(), loop(sql(X, "x"))), [("s2.body.s1", "s2.body.s1", NEXT_ROUND)]),
    (
        then(sql(), loop(named(if_(sql(), sql(X), sql()), "x"))),
        [("s2.body.s1", "s2.body.s1.then.s1", NEXT_ROUND)],
    ),
    (then(sql(), loop(sql(name="x"), sql(X))), [("s2.body.s1", "s2.while.s1", None)]),
    (loop(then(sql(X), sql(name="x"))), []),  # the root loop forgets
    (then(sql(name="x"), loop(sql()), sql(X)), []),  # never runs
]


@pytest.mark.parametrize(("draft", "edges"), DATA)
def test_data_edges(draft: Draft, edges: list[Row]) -> None:
    assert data(draft) == edges


def sample() -> Graph:
    """A workflow whose steps are s1 to s5, with a choice, two branches and a loop."""
    return assemble(
        then(
            sql("SELECT 1", "x"),
            if_(sql(X), then(sql(), sql("SELECT 2", "y")), sql()),
            join(sql("SELECT $y?"), sql()),
            loop(then(sql("SELECT $z"), if_(sql(), break_("$x"), sql()), sql(name="z"))),
            sql(),
        ),
        name="sample",
    )


def test_networkx_views() -> None:
    graph = sample()
    control, data, both = (graph.to_networkx(kind) for kind in ("control", "data", "both"))
    assert set(control) == set(data) == set(both) == {n.id for n in graph.nodes if n.kind is not Kind.THEN}
    assert control.nodes["s1"] == {"id": "s1", "kind": "SQL", "query": "SELECT 1", "name": "x"}
    assert control.edges["s2", "s2.else.s1"] == {"kind": "control", "name": None, "label": "else"}
    assert data.edges["s2.then.s2", "s3.j1.s1", 0]["name"] == "y"
    assert len(both.edges) == len(control.edges) + len(data.edges) == len(graph.edges)
    assert not control.is_multigraph()
    assert control.graph["name"] == "sample"
    assert graph.to_networkx().edges == control.edges


def test_the_control_graph_is_acyclic_and_hangs_together() -> None:
    control = sample().to_networkx()
    assert nx.is_directed_acyclic_graph(control)
    assert nx.is_weakly_connected(control)
    assert nx.descendants(control, "s1") == set(control) - {"s1"}
    validate_acyclic(sample())


def test_a_cycle_is_named() -> None:
    graph = assemble(then(sql(), sql(), sql()))
    again = replace(graph.nodes[4], id="s1")  # as if the last step were the first one
    broken = Graph((*graph.nodes[:4], again))
    with pytest.raises(
        CyclicGraphError, match=r"^steps wait for each other: (s1 -> s2 -> s1|s2 -> s1 -> s2)$"
    ):
        validate_acyclic(broken)


def test_networkx_is_loaded_only_when_it_is_asked_for() -> None:
    code = (
        "import sys, dfsql.compiler.flow as flow, dfsql.compiler.build as build\n"
        "from dfsql.compiler.graph import Kind\n"
        "graph = build.assemble(build.Draft(Kind.SQL, query='SELECT 1'))\n"
        "graph.edges, flow.ancestors(graph, 's1'), flow.critical_path(graph)\n"
        "sys.exit('networkx' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


INSIDE = ["s2.cond.s1", "s2.then.s1", "s2.then.s2", "s2.else.s1"]
JOINED = ["s3", "s3.j1.s1", "s3.j2.s1"]
LOOPED = [
    "s4",
    "s4.body.s1",
    "s4.body.s2",
    "s4.body.s2.cond.s1",
    "s4.body.s2.then.s1",
    "s4.body.s2.else.s1",
    "s4.body.s3",
]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("s1", []),
        ("s2", ["s1"]),
        ("s2.cond.s1", ["s1", "s2"]),
        ("s2.then.s2", ["s1", "s2", "s2.cond.s1", "s2.then.s1"]),
        ("s2.else.s1", ["s1", "s2", "s2.cond.s1"]),
        ("s3.j2.s1", ["s1", "s2", *INSIDE, "s3"]),
        ("t2", []),
        ("t3", []),
        # through $z, which the last step of the body binds for the next round
        ("s4.body.s2", ["s1", "s2", *INSIDE, *JOINED, *LOOPED[:2], LOOPED[3], *LOOPED[5:]]),
    ],
)
def test_ancestors(step: str, expected: list[str]) -> None:
    assert ancestors(sample(), step) == tuple(expected)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("s5", []),
        ("s4", [*LOOPED[1:], "s5"]),
        ("s4.body.s2.then.s1", ["s5"]),  # the break
        ("s4.body.s3", ["s5"]),  # after another round, which is not counted
        ("s3.j1.s1", [*LOOPED, "s5"]),
        ("s2.else.s1", [*JOINED, *LOOPED, "s5"]),
        ("s2.cond.s1", [*INSIDE[1:], *JOINED, *LOOPED, "s5"]),
        ("t3", [*LOOPED, "s5"]),
    ],
)
def test_reachable(step: str, expected: list[str]) -> None:
    assert reachable(sample(), step) == tuple(expected)


def test_descendants_follow_data_into_the_next_round() -> None:
    graph = sample()
    assert descendants(graph, "s4.body.s3") == (*LOOPED[1:6], "s5")
    assert descendants(graph, "s5") == ()
    assert descendants(graph, "s1") == tuple(n for n in ("s2", *INSIDE, *JOINED, *LOOPED, "s5"))


def test_dead_code_is_not_reachable() -> None:
    graph = assemble(then(sql(), loop(sql()), sql()))
    assert reachable(graph, "s1") == ("s2", "s2.body.s1")
    graph = assemble(loop(then(join(sql(), break_()), sql())))
    assert reachable(graph, "s1.body.s1") == ("s1.body.s1.j1.s1", "s1.body.s1.j2.s1")


def test_unknown_ids_are_key_errors() -> None:
    for ask in (ancestors, descendants, reachable):
        with pytest.raises(KeyError, match="s9"):
            ask(sample(), "s9")


PATHS: list[tuple[Draft, tuple[str, ...], float]] = [
    (sql(), ("s1",), 0),
    (then(sleep(3), sleep(4)), ("s1", "s2"), 7),
    (join(sleep(3), sleep(9), sleep(4)), ("s1", "s1.j2.s1"), 9),
    (race(sleep(3), sleep(9)), ("s1", "s1.r1.s1"), 3),
    (if_(sleep(1), sleep(2), then(sleep(3), sql())), ("s1", "s1.cond.s1", "s1.else.s1", "s1.else.s2"), 4),
    (if_rows("q", sleep(2), sleep(2)), ("s1", "s1.then.s1"), 2),
    (loop(sleep(5), sleep(1)), ("s1", "s1.body.s1", "s1.while.s1"), 6),
    (loop(then(sleep(5), break_(), sleep(9)), sleep(1)), ("s1", "s1.body.s1", "s1.body.s2"), 5),
    (then(sleep(1), loop(sleep(2)), sleep(9)), ("s1", "s2", "s2.body.s1"), 3),
    (named(then(sleep(1), sql()), "x"), ("s1", "s2"), 1),
]


@pytest.mark.parametrize(("draft", "steps", "seconds"), PATHS)
def test_critical_path(draft: Draft, steps: tuple[str, ...], seconds: float) -> None:
    assert critical_path(assemble(draft), sleep_seconds) == (steps, seconds)


def test_without_weights_every_leaf_counts_one() -> None:
    graph = assemble(then(join(sql(), then(sql(), sql())), sql()))
    assert critical_path(graph) == (("s1", "s1.j2.s1", "s1.j2.s2", "s2"), 3)
    assert critical_path(graph, lambda node: 10 if node.id == "s1.j1.s1" else 1).weight == 11


def test_a_chain_of_thousands_of_steps() -> None:
    graph = assemble(then(*(sql(f"SELECT $n{n - 1}", f"n{n}") for n in range(4_000))))
    assert len(graph.edges) == 2 * 3_999
    assert len(ancestors(graph, "s4000")) == len(descendants(graph, "s1")) == 3_999
    assert critical_path(graph).weight == 4_000
