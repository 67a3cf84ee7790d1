"""A node as an envelope states it, sensible or not: the common view of JSON, drafts and graphs.

The reference decodes one level of an operand and carries its children along unread; only submission
looks at them. So a text with a wrong node deep inside is composed like any other, and this is the form
in which it is carried.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from ..grammar import DfsqlError
from .build import Draft
from .graph import Graph, Kind, Node
from .jsontext import Object, Value, place

# In the order in which the reference lists them in its messages.
NODE_TYPES = (
    *("SQL", "THEN", "IF", "JOIN", "LOOP", "BREAK", "RACE", "SLEEP"),
    *("WAIT_SCHEDULE", "HTTP", "HTTP_MULTIPART", "SIGNAL"),
)
_FIELDS = ("node_type", "left_node", "right_node", "condition_node", "extra_nodes", "query", "result_name")
# field with one child -> segment of the child's path
SEGMENTS = {"left_node": "left", "right_node": "right", "condition_node": "condition_node"}
_CHILD_TEXTS = {
    "left_node": "Durofut children must be JSON objects",
    "right_node": "Durofut children must be JSON objects",
    "condition_node": "condition_node must be a Durofut JSON object",
    "extra_nodes": "extra_nodes entries must be Durofut JSON objects",
}


@dataclass(slots=True, eq=False)
class Undecoded:
    """A child that is a JSON object but no node; `problem` is the decoder's message."""

    text: str
    problem: str


@dataclass(slots=True, eq=False)
class Shape:
    """One node with the envelope's fields; any of its children may be still in another form."""

    node_type: str
    # segment of the path -> child, in the order left, right, condition_node, extra_nodes[0] ...
    links: "dict[str, Item]" = field(default_factory=dict)
    query: str | None = None
    name: str | None = None


@dataclass(slots=True, eq=False)
class Opaque(Draft):
    """A draft for an envelope that has something wrong inside: stands for one step, keeps the shape."""

    shape: Shape = field(default_factory=lambda: Shape("SQL"))


Item: TypeAlias = Shape | Undecoded | Draft | Node
Expand: TypeAlias = Callable[[Item], Shape]


class DecodeError(DfsqlError, ValueError):
    """An object is no node; the message is the decoder's."""


def segments(roles: Iterable[str]) -> Iterator[str]:
    """The path segments for the roles of a node's children, which come in the reference's order."""
    for number, role in enumerate(roles):
        if role == "condition":
            yield "condition_node"
        else:
            yield ("left", "right")[number] if number < 2 else f"extra_nodes[{number - 2}]"


def expander(graph: Graph | None = None) -> Expand:
    """A function that gives the shape of an item, its children left as they are."""

    def expand(item: Item) -> Shape:
        if isinstance(item, Shape):
            return item
        if isinstance(item, Opaque):
            return Shape(item.shape.node_type, item.shape.links, item.shape.query, item.name)
        if isinstance(item, Draft):
            links: dict[str, Item] = dict(zip(segments(item.children), item.children.values(), strict=True))
        else:
            assert graph is not None
            assert isinstance(item, Node)
            below = (graph.nodes[at] for at in item.children.values())
            links = dict(zip(segments(item.children), below, strict=True))
        kind = Kind.IF if item.kind is Kind.IF_ROWS else item.kind
        return Shape(kind.value, links, item.query, item.name)

    return expand


def decode(value: Object, text: str) -> Shape:
    """The shape of an object of `text`, with all its descendants. Raises DecodeError for its own level."""
    root, below = _decode_level(value, text, 0)
    stack = [(root, below)]
    while stack:
        shape, below = stack.pop()
        for segment, child in below.items():
            try:
                inner, further = _decode_level(child, text, child.start)
            except DecodeError as error:
                shape.links[segment] = Undecoded(text[child.start : child.end], str(error))
            else:
                shape.links[segment] = inner
                stack.append((inner, further))
    return root


def _decode_level(value: Object, text: str, origin: int) -> tuple[Shape, dict[str, Object]]:
    """One object's own fields, checked in the order written, and its children by path segment.

    The decoder counts columns from `origin`: it reads every child as a text of its own.
    """
    strings: dict[str, str | None] = {}
    children: dict[str, list[Object]] = {}
    reached = value.start
    try:
        for key, inner, end in value.members:
            reached = end
            if key in strings or key in children:
                raise DecodeError(f"duplicate field `{key}`")
            if key in _CHILD_TEXTS:
                children[key] = _child_objects(key, inner)
            elif key in _FIELDS:
                strings[key] = _string(inner, optional=key != "node_type")
        reached = value.end
        if "node_type" not in strings:
            raise DecodeError("missing field `node_type`")
    except DecodeError as error:
        raise DecodeError(f"{error}{place(text[origin:], reached - origin)}") from None
    shape = Shape(strings["node_type"] or "", {}, strings.get("query"), strings.get("result_name"))
    below = {SEGMENTS[key]: children[key][0] for key in SEGMENTS if children.get(key)}
    extras = children.get("extra_nodes", [])
    return shape, below | {f"extra_nodes[{number}]": child for number, child in enumerate(extras)}


def _child_objects(key: str, value: Value) -> list[Object]:
    if key != "extra_nodes":
        value = [] if value is None else [value]
    elif not isinstance(value, list):
        raise DecodeError(f"invalid type: {_described(value)}, expected a sequence")
    objects = [entry for entry in value if isinstance(entry, Object)]
    if len(objects) < len(value):
        raise DecodeError(_CHILD_TEXTS[key])
    return objects


def _string(value: Value, *, optional: bool) -> str | None:
    if isinstance(value, str) or (value is None and optional):
        return value
    raise DecodeError(f"invalid type: {_described(value)}, expected a string")


def _described(value: Value) -> str:
    """A value as the decoder names it when it is of the wrong type."""
    match value:
        case None:
            return "null"
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{str(value).replace('e+', 'e')}`"
        case str():
            return f'string "{value}"'
        case Object():
            return "map"
        case _:
            return "sequence"
