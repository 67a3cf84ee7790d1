"""The graph of a running instance: the rows of df.nodes as a Graph, with the state of every node.

The rows become the envelope that df.start was given, and the compiler reads that. Both sides number the nodes in
pre-order (a node, then its left, right, condition and further subtrees), so that the n-th row is the n-th node.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ..compiler import DfsqlError, EnvelopeError, Graph, from_envelope

if TYPE_CHECKING:
    import psycopg

_ROWS = """
    SELECT node_id, node_type, query, result_name, left_node, right_node, inferred_status, updated_at, result
    FROM df.instance_nodes(%s)"""
_INSTANCE = "SELECT label, root_node, database FROM df.instances WHERE id = %s"
_EMBEDDED = ("condition_node", "extra_nodes")  # in the config of the row, beside it in the envelope


class LiveGraphError(DfsqlError):
    """The rows of an instance make no graph: they were not written by df.start."""


class Row(NamedTuple):
    """What is read of a node's row."""

    id: str
    node_type: str
    query: str | None
    result_name: str | None
    left: str | None
    right: str | None
    status: str  # as inferred from the whole: also 'skipped'
    updated_at: datetime
    result: str | None


@dataclass(frozen=True)
class LiveGraph:
    """An instance's graph; `rows` are those of `graph.nodes`, in the same order."""

    graph: Graph
    rows: tuple[Row, ...]

    @cached_property
    def statuses(self) -> Mapping[str, str]:
        """Node id in the graph -> pending, running, completed, failed or skipped."""
        return {node.id: row.status for node, row in zip(self.graph.nodes, self.rows, strict=True)}

    def renewed(self, rows: Mapping[str, Row]) -> "LiveGraph":
        """The same graph with the present state of its nodes."""
        return LiveGraph(self.graph, tuple(rows.get(row.id, row) for row in self.rows))


def read_rows(connection: "psycopg.Connection[Any]", instance_id: str) -> dict[str, Row]:
    """The nodes of an instance by their ids; empty where the role sees no such instance."""
    return {row[0]: Row(*row) for row in connection.execute(_ROWS, (instance_id,)).fetchall()}


def read_live_graph(connection: "psycopg.Connection[Any]", instance_id: str) -> LiveGraph | None:
    """The graph and its state, None where the role sees no such instance. Raises LiveGraphError."""
    instance = connection.execute(_INSTANCE, (instance_id,)).fetchone()
    if instance is None:
        return None
    label, root, database = instance
    return to_live_graph(
        read_rows(connection, instance_id), root, name=label or instance_id, database=database
    )


def to_live_graph(rows: Mapping[str, Row], root: str, *, name: str, database: str | None = None) -> LiveGraph:
    """The graph of rows whose root is named. Raises LiveGraphError."""
    children = {row.id: dict(_children(row)) for row in rows.values()}
    order = _pre_order(rows, children, root)
    envelopes: dict[str, dict[str, Any]] = {}
    for row in reversed(order):
        envelopes[row.id] = _envelope(row, children[row.id], envelopes)
    try:
        graph = from_envelope(json.dumps(envelopes[root], ensure_ascii=False), name=name)
    except (EnvelopeError, RecursionError) as error:
        raise LiveGraphError(f"the nodes of this instance make no graph: {error}") from None
    if len(graph.nodes) != len(order):
        raise LiveGraphError("the nodes of this instance make no graph")
    return LiveGraph(replace(graph, database=database), tuple(order))


def _children(row: Row) -> Iterator[tuple[str, list[str]]]:
    """(key in the envelope, ids) in pre-order."""
    config = _config(row) or {}
    condition, extras = (config.get(key) for key in _EMBEDDED)
    if row.left is not None:
        yield "left_node", [row.left]
    if row.right is not None:
        yield "right_node", [row.right]
    if isinstance(condition, str):
        yield "condition_node", [condition]
    if isinstance(extras, list):
        yield "extra_nodes", [str(extra) for extra in extras]


def _config(row: Row) -> dict[str, Any] | None:
    """The JSON object in the query of a node that may have a condition or further branches."""
    if row.query is None or row.node_type not in ("IF", "LOOP", "JOIN"):
        return None
    try:
        value = json.loads(row.query)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _pre_order(
    rows: Mapping[str, Row], children: Mapping[str, Mapping[str, list[str]]], root: str
) -> list[Row]:
    order: list[Row] = []
    seen: set[str] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node not in rows or node in seen:
            raise LiveGraphError(
                f"the nodes of this instance make no graph: node {node} is missing or a circle"
            )
        seen.add(node)
        order.append(rows[node])
        below = [child for ids in children[node].values() for child in ids]
        stack.extend(reversed(below))
    return order


def _envelope(
    row: Row, children: Mapping[str, list[str]], envelopes: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    written: dict[str, Any] = {"node_type": row.node_type}
    for key, ids in children.items():
        below = [envelopes[child] for child in ids]
        written[key] = below if key == "extra_nodes" else below[0]
    query = _own_query(row)
    if query is not None:
        written["query"] = query
    if row.result_name is not None:
        written["result_name"] = row.result_name
    return written


def _own_query(row: Row) -> str | None:
    """The query without the ids that df.start has put into it."""
    config = _config(row)
    if config is None or not any(key in config for key in _EMBEDDED):
        return row.query
    own = {key: value for key, value in config.items() if key not in _EMBEDDED}
    return json.dumps(own, ensure_ascii=False, separators=(",", ":")) if own else None
