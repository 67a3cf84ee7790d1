"""Ids, scopes and shape of assembled graphs."""

import random

import pytest
from random_graphs import chain, deep, random_draft, random_graph

from dfsql.compiler.build import Draft, assemble
from dfsql.compiler.graph import LEAF_KINDS, Graph, Kind
from dfsql.grammar import Span


def sql(text: str) -> Draft:
    return Draft(Kind.SQL, query=text)


def then(first: Draft, second: Draft) -> Draft:
    return Draft(Kind.THEN, {"first": first, "second": second})


def loop(body: Draft, condition: Draft | None = None) -> Draft:
    return Draft(Kind.LOOP, {"body": body, **({"condition": condition} if condition else {})})


def both(*branches: Draft, kind: Kind = Kind.JOIN) -> Draft:
    return Draft(kind, {f"branch{number}": branch for number, branch in enumerate(branches, 1)})


def branched(then: Draft, other: Draft, condition: Draft) -> Draft:
    return Draft(Kind.IF, {"then": then, "else": other, "condition": condition})


def places(graph: Graph) -> list[tuple[str, str]]:
    return [(node.id, node.scope) for node in graph.nodes]


ROOT = "root"
CASES = {
    "one step": (sql("a"), [("s1", ROOT)]),
    "left-leaning": (
        then(then(sql("a"), sql("b")), sql("c")),
        [("t3", ROOT), ("t2", ROOT), ("s1", ROOT), ("s2", ROOT), ("s3", ROOT)],
    ),
    "right-leaning": (
        then(sql("a"), then(sql("b"), sql("c"))),
        [("t3", ROOT), ("s1", ROOT), ("t2_3", ROOT), ("s2", ROOT), ("s3", ROOT)],
    ),
    "balanced": (
        then(then(sql("a"), sql("b")), then(sql("c"), sql("d"))),
        [("t4", ROOT), ("t2", ROOT), ("s1", ROOT), ("s2", ROOT), ("t3_4", ROOT), ("s3", ROOT), ("s4", ROOT)],
    ),
    "if": (
        branched(then(sql("a"), sql("b")), sql("c"), sql("d")),
        [
            ("s1", ROOT),
            *[("s1.then.t2", ROOT), ("s1.then.s1", ROOT), ("s1.then.s2", ROOT)],
            ("s1.else.s1", ROOT),
            ("s1.cond.s1", ROOT),
        ],
    ),
    "join of three": (
        both(sql("a"), sql("b"), sql("c")),
        [("s1", ROOT), ("s1.j1.s1", "s1.j1"), ("s1.j2.s1", "s1.j2"), ("s1.j3.s1", "s1.j3")],
    ),
    "race after a step": (
        then(sql("a"), both(sql("b"), sql("c"), kind=Kind.RACE)),
        [("t2", ROOT), ("s1", ROOT), ("s2", ROOT), ("s2.r1.s1", "s2.r1"), ("s2.r2.s1", "s2.r2")],
    ),
    "root loop": (
        loop(sql("a"), sql("b")),
        [("s1", ROOT), ("s1.body.s1", ROOT), ("s1.while.s1", ROOT)],
    ),
    "loop in a sequence": (
        then(sql("a"), loop(sql("b"), sql("c"))),
        [("t2", ROOT), ("s1", ROOT), ("s2", ROOT), ("s2.body.s1", "s2.body"), ("s2.while.s1", "s2.body")],
    ),
    "loop first in the sequence of the root": (
        then(loop(sql("a")), sql("b")),
        [("t2", ROOT), ("s1", ROOT), ("s1.body.s1", "s1.body"), ("s2", ROOT)],
    ),
    "loop as a whole branch, and inside one": (
        both(loop(sql("a")), then(sql("b"), loop(sql("c")))),
        [
            ("s1", ROOT),
            *[("s1.j1.s1", "s1.j1"), ("s1.j1.s1.body.s1", "s1.j1")],
            *[("s1.j2.t2", "s1.j2"), ("s1.j2.s1", "s1.j2"), ("s1.j2.s2", "s1.j2")],
            ("s1.j2.s2.body.s1", "s1.j2.s2.body"),
        ],
    ),
    "loop as the body of the root loop": (
        loop(loop(sql("a"))),
        [("s1", ROOT), ("s1.body.s1", ROOT), ("s1.body.s1.body.s1", "s1.body.s1.body")],
    ),
    "loop as a whole then-branch is not the root node of its scope": (
        branched(loop(sql("a")), sql("b"), sql("c")),
        [
            ("s1", ROOT),
            *[("s1.then.s1", ROOT), ("s1.then.s1.body.s1", "s1.then.s1.body")],
            *[("s1.else.s1", ROOT), ("s1.cond.s1", ROOT)],
        ],
    ),
}


@pytest.mark.parametrize(("draft", "expected"), CASES.values(), ids=CASES)
def test_ids_and_scopes(draft: Draft, expected: list[tuple[str, str]]) -> None:
    assert places(assemble(draft)) == expected


def test_step_added_at_the_end_changes_no_other_step() -> None:
    before = assemble(then(sql("a"), both(sql("b"), sql("c"))))
    after = assemble(then(then(sql("a"), both(sql("b"), sql("c"))), sql("d")))
    assert [node.id for node in before.nodes] == [node.id for node in after.nodes[1:-1]]


@pytest.mark.parametrize("seed", range(40))
def test_table_is_a_tree_in_pre_order(seed: int) -> None:
    graph = random_graph(random.Random(seed), 5 * seed)
    assert len(graph.by_id) == len(graph.nodes)
    after = 0  # where the next node in pre-order must stand
    stack = [0]
    while stack:
        at = stack.pop()
        assert at == after
        after += 1
        node = graph.nodes[at]
        assert node.index == at
        for role, child in graph.children(node):
            assert (child.parent, child.role) == (at, role)
        stack.extend(reversed([*node.children.values()]))
    assert after == len(graph.nodes)


@pytest.mark.parametrize(
    ("kind", "query", "config"),
    [
        (Kind.WAIT_SCHEDULE, '{"cron_expr":"0 6 * * *"}', {"cron_expr": "0 6 * * *"}),
        (
            Kind.SIGNAL,
            '{"signal_name":"go","timeout_seconds":null}',
            {"signal_name": "go", "timeout_seconds": None},
        ),
        (Kind.BREAK, '{"break_value":null}', {"break_value": None}),
        (Kind.HTTP, "[1]", None),
        (Kind.HTTP_MULTIPART, "not JSON", None),
        (Kind.HTTP, "[" * 100_000, None),
        (Kind.SQL, '{"a":1}', None),
        (Kind.SLEEP, "5", None),
    ],
)
def test_config_is_the_object_in_the_query(kind: Kind, query: str, config: object) -> None:
    assert assemble(Draft(kind, query=query)).root.config == config


def test_the_rest_of_a_draft_is_kept() -> None:
    draft = Draft(Kind.SQL, query="x", name="n", span=Span(3, 9), name_span=Span(8, 9), dynamic=True)
    node = assemble(draft).root
    assert (node.query, node.name, node.span, node.name_span, node.dynamic) == (
        "x",
        "n",
        (3, 9),
        (8, 9),
        True,
    )
    graph = assemble(draft, name="w", label="l", database="d")
    assert (graph.name, graph.span, graph.label, graph.database) == ("w", (3, 9), "l", "d")
    assert assemble(draft, span=Span(0, 20)).span == (0, 20)


@pytest.mark.parametrize("right", [False, True])
def test_a_long_chain(right: bool) -> None:
    graph = chain(10_000, right=right)
    assert graph.root.id == "t10000"
    assert [node.id for node in graph.sequence(graph.root)] == [f"s{number}" for number in range(1, 10_001)]


def test_deep_nesting() -> None:
    graph = deep(300)
    assert max(node.id.count(".") for node in graph.nodes) == 600


def test_random_graphs_repeat_for_a_seed_and_use_every_kind() -> None:
    assert random_graph(random.Random(7), 200) == random_graph(random.Random(7), 200)
    used = {node.kind for seed in range(30) for node in random_graph(random.Random(seed), 60).nodes}
    assert used == set(Kind)


@pytest.mark.parametrize("size", [1, 3, 10, 100, 1000])
def test_random_graphs_have_about_the_size_asked_for(size: int) -> None:
    sizes = [len(assemble(random_draft(random.Random(seed), size)).nodes) for seed in range(20)]
    assert 0.6 * size <= sum(sizes) / len(sizes) <= 1.6 * size + 1


def test_breaks_of_random_graphs_stand_inside_loops() -> None:
    for seed in range(30):
        graph = random_graph(random.Random(seed), 80)
        for node in graph.nodes:
            if node.kind is Kind.BREAK:
                above = node
                while above.kind is not Kind.LOOP:
                    above = graph.nodes[above.parent]
                    assert above.parent >= 0 or above.kind is Kind.LOOP
            assert (node.query is not None) == (node.kind in LEAF_KINDS or node.kind is Kind.IF_ROWS)
