"""The graph: the product's core. A flat, immutable table of typed nodes in pre-order.

A parent stands before its children, so `for node in graph.nodes` visits parents first and
`reversed(graph.nodes)` visits children first: no pass over a graph needs recursion.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ..grammar import Source, Span

if TYPE_CHECKING:
    import networkx as nx

    from .flow import Edge
    from .textmap import QueryMap


class Kind(str, Enum):
    """Node types; IF_ROWS is an IF whose condition looks at a stored result."""

    SQL = "SQL"
    THEN = "THEN"
    IF = "IF"
    IF_ROWS = "IF_ROWS"
    JOIN = "JOIN"
    RACE = "RACE"
    LOOP = "LOOP"
    BREAK = "BREAK"
    SLEEP = "SLEEP"
    WAIT_SCHEDULE = "WAIT_SCHEDULE"
    SIGNAL = "SIGNAL"
    HTTP = "HTTP"
    HTTP_MULTIPART = "HTTP_MULTIPART"


LEAF_KINDS = frozenset(
    {
        Kind.SQL,
        Kind.BREAK,
        Kind.SLEEP,
        Kind.WAIT_SCHEDULE,
        Kind.SIGNAL,
        Kind.HTTP,
        Kind.HTTP_MULTIPART,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a workflow."""

    id: str  # stable path: s3, s3.then.s1, s4.j2.s1; THEN nodes: t2, s3.then.t2
    index: int  # place in Graph.nodes
    kind: Kind
    parent: int = -1  # index of the parent, -1 at the root
    role: str = "root"  # role in the parent, see `children`
    # role -> index, in the reference's order (left, right, condition, extras):
    #   THEN first, second     IF then, else, condition     IF_ROWS then, else
    #   JOIN branch1, branch2, branch3 ...   RACE branch1, branch2   LOOP body, [condition]
    children: Mapping[str, int] = field(default_factory=dict)
    query: str | None = None  # exactly the envelope's text: SQL, seconds, or a config as JSON
    name: str | None = None  # result name
    scope: str = "root"  # "root", or the id path of the branch or loop that opens the scope
    span: Span = Span(0, 0)  # the whole expression of this node in the file
    name_span: Span | None = None  # the result name in the file
    query_map: "QueryMap | None" = None  # offsets of `query` (or of the SQL) -> the file
    dynamic: bool = False  # the SQL is an expression known only to the server; query holds its text
    config: Mapping[str, Any] | None = None  # decoded `query` of the kinds that hold a config

    @property
    def is_leaf(self) -> bool:
        return self.kind in LEAF_KINDS


@dataclass(frozen=True)
class Graph:
    """A workflow: its nodes in pre-order (node, left, right, condition, extras)."""

    nodes: tuple[Node, ...]
    name: str | None = None
    source: Source | None = None
    span: Span = Span(0, 0)
    label: str | None = None  # df.start's label, where it is a literal
    database: str | None = None  # df.start's database, where it is a literal

    @property
    def root(self) -> Node:
        return self.nodes[0]

    @cached_property
    def by_id(self) -> dict[str, Node]:
        return {node.id: node for node in self.nodes}

    def child(self, node: Node, role: str) -> Node | None:
        """The child in a role, or None where there is none."""
        at = node.children.get(role)
        return None if at is None else self.nodes[at]

    def children(self, node: Node) -> Iterator[tuple[str, Node]]:
        """(role, child) in the reference's order."""
        for role, at in node.children.items():
            yield role, self.nodes[at]

    def branches(self, node: Node) -> list[Node]:
        """The branches of a JOIN or RACE, in order."""
        return [child for role, child in self.children(node) if role.startswith("branch")]

    def sequence(self, node: Node) -> list[Node]:
        """The steps of a sequence: nested THENs flattened into their leaves, in order."""
        steps: list[Node] = []
        stack = [node]
        while stack:
            at = stack.pop()
            if at.kind is Kind.THEN:
                stack.append(self.nodes[at.children["second"]])
                stack.append(self.nodes[at.children["first"]])
            else:
                steps.append(at)
        return steps

    def parent(self, node: Node) -> Node | None:
        return None if node.parent < 0 else self.nodes[node.parent]

    @cached_property
    def edges(self) -> "tuple[Edge, ...]":
        """Control edges, then data edges (binding to use); see `compiler.flow`."""
        from .flow import edges_of

        return edges_of(self)

    def to_networkx(self, kind: Literal["control", "data", "both"] = "control") -> "nx.DiGraph":
        """The steps and edges as a networkx graph; see `compiler.flow`."""
        from .flow import to_networkx

        return to_networkx(self, kind)
