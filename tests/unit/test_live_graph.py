"""From rows of df.nodes to a graph: the way back from what df.start writes."""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from random_graphs import chain, deep, random_graph

from dfsql.compiler import Graph, Kind, to_envelope
from dfsql.runtime.live_graph import LiveGraphError, Row, to_live_graph

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SIDES = {"first": "left", "second": "right", "then": "left", "else": "right", "body": "left"}
SIDES |= {"branch1": "left", "branch2": "right"}


def rows_of(graph: Graph) -> dict[str, Row]:
    """What df.start writes, under made up ids in no order."""
    ids = [f"{number:08x}" for number in random.Random(1).sample(range(2**32), len(graph.nodes))]
    rows = {}
    for node in reversed(graph.nodes):
        query, sides = node.query, dict.fromkeys(("left", "right"))
        extras: list[str] = []
        more: dict[str, object] = {}
        for role, at in node.children.items():
            if role in SIDES:
                sides[SIDES[role]] = ids[at]
            elif role == "condition":
                more["condition_node"] = ids[at]
            else:
                extras.append(ids[at])
        if extras:
            more["extra_nodes"] = extras
        if more:
            query = json.dumps((json.loads(query) if query else {}) | more)
        kind = "IF" if node.kind is Kind.IF_ROWS else node.kind.value
        status = f"state of {node.id}"
        row = Row(ids[node.index], kind, query, node.name, sides["left"], sides["right"], status, NOW, None)
        rows[row.id] = row
    rows["root"] = rows[ids[0]]
    return rows


def check(graph: Graph) -> None:
    rows = rows_of(graph)
    root = rows.pop("root").id
    live = to_live_graph(rows, root, name="x", database="d")
    assert to_envelope(live.graph) == to_envelope(graph)
    assert live.statuses == {node.id: f"state of {node.id}" for node in graph.nodes}
    assert (live.graph.name, live.graph.database) == ("x", "d")


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    check(random_graph(random.Random(seed), 1 + seed))


def test_long_and_deep() -> None:
    check(chain(250))
    check(chain(250, right=True))
    check(deep(200))


def test_renewed() -> None:
    rows = rows_of(chain(2))
    live = to_live_graph(rows, rows.pop("root").id, name="x")
    last = live.rows[-1]
    later = live.renewed({last.id: last._replace(status="running")})
    assert later.statuses == {**live.statuses, "s2": "running"}
    assert later.graph is live.graph


def circle(rows: dict[str, Row], root: str) -> None:
    rows[root] = rows[root]._replace(left=root)


def missing(rows: dict[str, Row], root: str) -> None:
    del rows[rows[root].left or ""]


def unknown_type(rows: dict[str, Row], root: str) -> None:
    rows[root] = rows[root]._replace(node_type="NONSENSE")


def empty(rows: dict[str, Row], root: str) -> None:
    rows.clear()


@pytest.mark.parametrize("spoil", [circle, missing, unknown_type, empty], ids=lambda spoil: spoil.__name__)
def test_rows_that_make_no_graph(spoil: Callable[[dict[str, Row], str], None]) -> None:
    rows = rows_of(chain(2))
    root = rows.pop("root").id
    spoil(rows, root)
    with pytest.raises(LiveGraphError, match="make no graph"):
        to_live_graph(rows, root, name="x")
