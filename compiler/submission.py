"""The rules that the reference applies to a whole graph when it is submitted, with its exact texts."""

import re
from typing import NamedTuple, TypeAlias

from .build import Draft
from .graph import Graph, Node
from .jsontext import JsonError, Object, Value, read
from .shape import NODE_TYPES, Expand, Item, Shape, Undecoded, expander, segments

MAX_DEPTH = 256  # the root is at depth 0, every edge to a child adds 1
MAX_NODES = 10_000

TOO_DEEP = (
    f"Graph exceeds maximum nesting depth of {MAX_DEPTH}."
    " Simplify the workflow or break it into multiple instances."
)
TOO_MANY = (
    f"Workflow exceeds maximum node count of {MAX_NODES}."
    " Simplify the workflow or break it into multiple instances."
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEAF_TYPES = frozenset(NODE_TYPES) - {"THEN", "IF", "JOIN", "RACE", "LOOP"}
_Path: TypeAlias = "tuple[_Path, str] | None"


class Problem(NamedTuple):
    """The first rule that a graph breaks, in the order in which the reference checks."""

    path: str  # "root.left.extra_nodes[0]"
    message: str
    at: Draft | Node | None  # the node at fault, or the innermost one known around it
    constraint: bool = False  # found by a table's constraint, after all graph rules

    @property
    def text(self) -> str:
        """What df.start raises."""
        if self.constraint:
            return self.message
        return f"Invalid durable function graph: {self.path}: {self.message}"


class Size(NamedTuple):
    """What the limits are about."""

    depth: int
    nodes: int


def unknown_type(node_type: str) -> str:
    """The reference's words for a node type that it does not have."""
    return f"Unknown node_type '{node_type}'. Valid types: {', '.join(NODE_TYPES)}"


def measure(graph: Graph) -> Size:
    """Depth and number of nodes as the limits count them."""
    return Size(max(_depths(graph)), len(graph.nodes))


def check_limits(graph: Graph) -> Problem | None:
    """The first violation of MAX_DEPTH or MAX_NODES, its `at` the graph's node; None when within both."""
    depths = _depths(graph)
    found = 1
    for node in graph.nodes:
        if depths[node.index] > MAX_DEPTH:
            return Problem(_path_in(graph, node), TOO_DEEP, node)
        found += len(node.children)
        if found > MAX_NODES:
            over = found - MAX_NODES  # children are counted when their parent is visited
            child = graph.nodes[list(node.children.values())[-over]]
            return Problem(_path_in(graph, child), TOO_MANY, child)
    return None


def check_graph(root: Draft | Graph) -> Problem | None:
    """The first of all submission rules that a workflow breaks: limits, fields, children, constraints."""
    if isinstance(root, Graph):
        return first_problem(root.root, expander(root))
    return first_problem(root, expander())


def first_problem(root: Item, expand: Expand) -> Problem | None:
    """Apply the rules node by node in pre-order; a table's constraint speaks only when no rule does."""
    constraint: Problem | None = None
    found = 1
    stack: list[tuple[Item, _Path, int, Draft | Node | None]] = [(root, None, 0, None)]
    while stack:
        item, path, depth, owner = stack.pop()
        owner = item if isinstance(item, (Draft, Node)) else owner
        shape = expand(item)
        message = TOO_DEEP if depth > MAX_DEPTH else _field_rules(shape)
        if message:
            return Problem(_spelt(path), message, owner)
        for segment, child in shape.links.items():
            found += 1
            message = _child_rules(child, found)
            if message:
                nearest = child if isinstance(child, (Draft, Node)) else owner
                return Problem(_spelt((path, segment)), message, nearest)
        message = _config_rules(shape)
        if message:
            return Problem(_spelt(path), message, owner)
        message = None if constraint else constraint_broken(shape)
        if message:
            constraint = Problem(_spelt(path), message, owner, constraint=True)
        links = reversed(shape.links.items())
        stack.extend((child, (path, segment), depth + 1, owner) for segment, child in links)
    return constraint


def _field_rules(shape: Shape) -> str | None:
    """The type, and the fields that may stand on a node of that type."""
    kind, links = shape.node_type, shape.links
    if kind not in NODE_TYPES:
        return unknown_type(kind)
    if "condition_node" in links and kind not in ("IF", "LOOP"):
        return f"condition_node is not valid for {kind} nodes"
    if "extra_nodes[0]" in links and kind != "JOIN":
        return f"extra_nodes is not valid for {kind} nodes"
    embedded = "extra_nodes" if kind == "JOIN" else "condition_node"
    if kind in ("IF", "LOOP", "JOIN") and embedded in (_config(shape.query) or ()):
        return f"{embedded} in {kind} must be a first-class Durofut field, not embedded in query"
    return None


def _child_rules(child: Item, found: int) -> str | None:
    if found > MAX_NODES:
        return TOO_MANY
    if isinstance(child, Undecoded):
        return f"failed to deserialize Durofut child: {child.problem}"
    return None


def _config_rules(shape: Shape) -> str | None:
    """A node's condition or extras are written into its config, which must therefore be one."""
    has_more = "condition_node" in shape.links or "extra_nodes[0]" in shape.links
    if not has_more or shape.query is None:
        return None
    try:
        value = read(shape.query)
    except JsonError as error:
        return f"query in {shape.node_type} must be valid JSON config: {error}"
    return None if isinstance(value, Object) else f"query in {shape.node_type} must be a JSON config object"


def constraint_broken(shape: Shape) -> str | None:
    """What the constraints of table df.nodes say, and the one shape of an IF that cannot run at all."""
    if not _structure_holds(shape):
        return _violates("nodes_structure_chk")
    if shape.name is not None and not _NAME.fullmatch(shape.name):
        return _violates("nodes_result_name_chk")
    if shape.node_type == "IF" and "condition_node" not in shape.links and not is_rows_config(shape.query):
        return "IF node missing condition_node"
    return None


def is_rows_config(query: str | None) -> bool:
    """Whether an IF's `query` makes it one that looks at a stored result."""
    config = _config(query)
    if config is None or config.last("condition_type") != "result_has_rows":
        return False
    return isinstance(config.last("result_name"), str)


def _structure_holds(shape: Shape) -> bool:
    kind, links = shape.node_type, shape.links
    if kind in _LEAF_TYPES:
        return not links and shape.query is not None
    if kind == "LOOP":
        return "left" in links and "right" not in links
    if not ("left" in links and "right" in links):
        return False
    if kind == "IF":
        return "condition_node" in links or shape.query is not None
    return kind == "JOIN" or shape.query is None


def _violates(constraint: str) -> str:
    return f'new row for relation "nodes" violates check constraint "{constraint}"'


def _config(query: str | None) -> Object | None:
    if query is None:
        return None
    try:
        value: Value = read(query)
    except JsonError:
        return None
    return value if isinstance(value, Object) else None


def _depths(graph: Graph) -> list[int]:
    depths: list[int] = []
    for node in graph.nodes:
        depths.append(0 if node.parent < 0 else depths[node.parent] + 1)
    return depths


def _spelt(path: _Path) -> str:
    parts: list[str] = []
    while path is not None:
        path, segment = path
        parts.append(segment)
    return ".".join(["root", *reversed(parts)])


def _path_in(graph: Graph, node: Node) -> str:
    parts: list[str] = []
    while node.parent >= 0:
        parent = graph.nodes[node.parent]
        parts.append(dict(zip(parent.children, segments(parent.children), strict=True))[node.role])
        node = parent
    return ".".join(["root", *reversed(parts)])
