"""The graph of an instance as the database stores it: nodes with ids, and the structure between them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_NODES = 10_000  # as df.start has it
TOO_MANY = (
    f"Workflow exceeds maximum node count of {MOST_NODES}. "
    "Simplify the workflow or break it into multiple instances."
)
CIRCLE = "the nodes of this instance go round in a circle"

# How many rows a class of nodes has below it is in its type; see the lowered forms in `docs/engine.md`.


class StoredNode:
    """One row of df.nodes, linked to its children."""

    __slots__ = ("config", "id", "kind", "left", "name", "needed", "parent", "query", "right")

    def __init__(self, node_id: str, kind: str, query: str | None, name: str | None) -> None:
        self.id = node_id
        self.kind = kind.upper()
        self.query = query
        self.name = name
        self.left: StoredNode | None = None
        self.right: StoredNode | None = None
        self.parent: StoredNode | None = None
        self.config = StoredConfig(self.kind, query)
        self.needed = False  # a later decision of the same scope looks at its result


class StoredConfig:
    """What the query column of a composite says: child references and the name that df.if_rows asks."""

    __slots__ = ("condition", "extras", "problem", "result_name", "rows_of")

    def __init__(self, kind: str, query: str | None) -> None:
        self.condition: str | None = None
        self.extras: tuple[str, ...] = ()
        self.rows_of = False
        self.result_name: str | None = None
        self.problem: str | None = None
        if kind not in ("IF", "LOOP", "JOIN") or query is None:
            return
        try:
            value = json.loads(query)
        except ValueError as reason:
            self.problem = str(reason)
            return
        if not isinstance(value, dict):
            self.problem = "expected a JSON object"
            return
        self._read(value)

    def _read(self, value: Mapping[str, Any]) -> None:
        condition = value.get("condition_node")
        self.condition = condition if isinstance(condition, str) else None
        extras = value.get("extra_nodes")
        self.extras = tuple(e for e in extras if isinstance(e, str)) if isinstance(extras, list) else ()
        self.rows_of = value.get("condition_type") == "result_has_rows"
        name = value.get("result_name")
        self.result_name = name if isinstance(name, str) else None


class StoredGraph:
    """The whole graph of one instance."""

    def __init__(self, root: str, rows: Sequence[Sequence[Any]]) -> None:
        self.nodes: dict[str, StoredNode] = {}
        links: dict[str, tuple[str | None, str | None]] = {}
        for node_id, kind, query, name, left, right in rows:
            self.nodes[node_id] = StoredNode(node_id, kind, query, name)
            links[node_id] = (left, right)
        for node in self.nodes.values():
            left, right = links[node.id]
            node.left = self.nodes.get(left) if left else None
            node.right = self.nodes.get(right) if right else None
        self.root = self.nodes.get(root)
        self.problem: str | None = None  # why it must not run
        self._check()
        self._link_parents()
        self._mark_needed()

    def children(self, node: StoredNode) -> Iterator[StoredNode]:
        """The children in the order of execution: condition of an IF first, that of a LOOP last."""
        condition = self.condition(node)
        if condition and node.kind == "IF":
            yield condition
        for child in (node.left, node.right):
            if child:
                yield child
        if condition and node.kind == "LOOP":
            yield condition
        yield from self.extras(node)

    def condition(self, node: StoredNode) -> StoredNode | None:
        """The condition's root of an IF or a LOOP."""
        return self.nodes.get(node.config.condition) if node.config.condition else None

    def extras(self, node: StoredNode) -> list[StoredNode]:
        """Branches 3 and up of a JOIN."""
        return [self.nodes[one] for one in node.config.extras if one in self.nodes]

    def _check(self) -> None:
        """Rows that were not written by df.start may go round in circles, or unfold into any number of steps."""
        if len(self.nodes) > MOST_NODES:
            self.problem = TOO_MANY
            return
        unfolded: dict[str, int] = {}  # nodes below, itself included; 0 while they are being counted
        stack = [self.root] if self.root else []
        while stack and self.problem is None:
            node = stack[-1]
            below = list(self.children(node))
            fresh = [child for child in below if child.id not in unfolded]
            if node.id not in unfolded and fresh:
                unfolded[node.id] = 0
                stack.extend(fresh)
                continue
            stack.pop()
            if unfolded.get(node.id):
                continue
            if any(unfolded.get(child.id, 0) == 0 for child in below):
                self.problem = CIRCLE
                return
            unfolded[node.id] = 1 + sum(unfolded[child.id] for child in below)
            if unfolded[node.id] > MOST_NODES:
                self.problem = TOO_MANY

    def _preorder(self) -> Iterator[StoredNode]:
        seen: set[str] = set()
        stack = [self.root] if self.root else []
        while stack:
            node = stack.pop()
            if node.id in seen:  # a hand-made cycle
                continue
            seen.add(node.id)
            yield node
            stack.extend(self.children(node))

    def _link_parents(self) -> None:
        for node in self._preorder():
            for child in self.children(node):
                child.parent = node

    def _mark_needed(self) -> None:
        """Parents come first, so a need reaches the nodes whose result is their parent's result."""
        for node in self._preorder():
            condition = self.condition(node)
            if condition:
                condition.needed = True
            if node.kind == "LOOP" and node.left:
                node.left.needed = True
            if node.kind == "THEN" and node.right:
                node.right.needed = node.right.needed or node.needed
            if node.kind == "IF":
                for branch in (node.left, node.right):
                    if branch:
                        branch.needed = branch.needed or node.needed


def path_to_root(node: StoredNode, root: StoredNode) -> set[str]:
    """Ids of the nodes from `node` up to `root`, both included."""
    path = {node.id}
    current: StoredNode | None = node
    while current is not None and current is not root:
        current = current.parent
        if current is not None:
            path.add(current.id)
    return path
