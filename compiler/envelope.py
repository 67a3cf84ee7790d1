"""The reference's envelope JSON: graphs and drafts to its exact text, and its text back to them."""

from collections.abc import Iterator

from ..grammar import DfsqlError
from .build import Draft, assemble
from .graph import Graph, Kind
from .jsontext import JsonError, Object, quote, read
from .shape import NODE_TYPES, SEGMENTS, DecodeError, Expand, Item, Opaque, Shape, Undecoded, decode, expander
from .submission import (
    MAX_DEPTH,
    MAX_NODES,
    Problem,
    Size,
    check_graph,
    check_limits,
    first_problem,
    measure,
    unknown_type,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_NODES",
    "EnvelopeError",
    "Opaque",
    "Problem",
    "Size",
    "check_graph",
    "check_limits",
    "decode_operand",
    "decode_strict",
    "draft_to_envelope",
    "from_envelope",
    "measure",
    "to_envelope",
]

_JSON_SPACE = " \t\r\n"
_ROLES = {
    Kind.THEN: ("first", "second"),
    Kind.IF: ("then", "else", "condition"),
    Kind.IF_ROWS: ("then", "else"),
    Kind.LOOP: ("body", "condition"),
}


class EnvelopeError(DfsqlError, ValueError):
    """A text is no valid envelope; the message is the reference's."""


def to_envelope(graph: Graph) -> str:
    """The text that the reference's functions build for this graph, byte for byte."""
    return _write(graph.root, expander(graph))


def draft_to_envelope(draft: Draft) -> str:
    """The same for a tree that is still being built."""
    return _write(draft, expander())


def decode_operand(text: str) -> Draft | None:
    """The node that an auto-wrapped operand holds, None where its text is SQL.

    A node whose own level is sound but which has something wrong below is an `Opaque`: it composes like
    any other, and `check_graph` names what is wrong. Raises EnvelopeError when the operand itself is
    meant as a node and is none.
    """
    try:
        shape = _read_node(text)
    except _MalformedError as error:
        raise EnvelopeError(
            f"Invalid Durofut JSON: failed to deserialize workflow step: {error.message}"
        ) from None
    return None if shape is None or shape.node_type not in NODE_TYPES else _to_draft(shape, text)


def decode_strict(text: str) -> Draft | None:
    """As `decode_operand`, for df.start's argument: a wrong node_type is an error too.

    The EnvelopeError has the reason alone, without "Invalid durable function: ".
    """
    try:
        shape = _read_node(text)
    except _MalformedError as error:
        if error.node_type not in NODE_TYPES:
            raise EnvelopeError(unknown_type(error.node_type)) from None
        reason = f"Malformed Durofut JSON with node_type '{error.node_type}': {error.message}"
        raise EnvelopeError(reason) from None
    if shape is None:
        return None
    if shape.node_type not in NODE_TYPES:
        raise EnvelopeError(unknown_type(shape.node_type))
    return _to_draft(shape, text)


def from_envelope(text: str, name: str | None = None) -> Graph:
    """The graph of an envelope. Raises EnvelopeError for whatever df.start would refuse in it.

    A text that is no envelope is refused as well: df.start would take it for SQL.
    """
    try:
        draft = decode_strict(text)
    except EnvelopeError as error:
        raise EnvelopeError(f"Invalid durable function: {error}") from None
    if draft is None:
        raise EnvelopeError("not a node envelope: expected a JSON object with the member node_type, a string")
    problem = check_graph(draft) if isinstance(draft, Opaque) else None
    if problem is not None:
        raise EnvelopeError(problem.text)
    return assemble(draft, name=name)


class _MalformedError(Exception):
    """An object with a string as its node_type that is no node."""

    def __init__(self, node_type: str, message: str) -> None:
        super().__init__(message)
        self.node_type = node_type
        self.message = message


def _read_node(text: str) -> Shape | None:
    """The shape that a text holds, None where it is not meant as a node."""
    if not text.lstrip(_JSON_SPACE).startswith("{"):
        return None
    try:
        value = read(text)
    except JsonError:
        return None
    assert isinstance(value, Object)
    try:
        return decode(value, text)
    except DecodeError as error:
        node_type = value.last("node_type")
        if isinstance(node_type, str):
            raise _MalformedError(node_type, str(error)) from None
        return None


def _to_draft(root: Shape, text: str) -> Draft:
    if first_problem(root, expander()) is not None:
        return Opaque(Kind.SQL, query=text, name=root.name, shape=root)
    shapes = [root]
    for shape in shapes:  # grows while it is walked: parents come before their children
        shapes.extend(_below(shape))
    drafts: dict[int, Draft] = {}
    for shape in reversed(shapes):
        children = [drafts.pop(id(child)) for child in _below(shape)]
        kind = _kind(shape)
        drafts[id(shape)] = Draft(
            kind, dict(zip(_roles(kind, len(children)), children, strict=True)), shape.query, shape.name
        )
    return drafts[id(root)]


def _below(shape: Shape) -> Iterator[Shape]:
    for child in shape.links.values():
        assert isinstance(child, Shape)
        yield child


def _kind(shape: Shape) -> Kind:
    if shape.node_type == "IF" and "condition_node" not in shape.links:
        return Kind.IF_ROWS
    return Kind(shape.node_type)


def _roles(kind: Kind, count: int) -> tuple[str, ...]:
    roles = _ROLES.get(kind) or tuple(f"branch{number}" for number in range(1, count + 1))
    return roles[:count]


def _write(root: Item, expand: Expand) -> str:
    """Pieces in order from a stack of what is still to write, so that depth costs no recursion."""
    written: list[str] = []
    stack: list[str | Item] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            written.append(item)
        elif isinstance(item, Undecoded):
            written.append(item.text)
        else:
            stack.extend(reversed(list(_pieces(expand(item)))))
    return "".join(written)


def _pieces(shape: Shape) -> Iterator[str | Item]:
    yield f'{{"node_type":{quote(shape.node_type)}'
    extras = [child for segment, child in shape.links.items() if segment.startswith("extra_nodes")]
    for key, segment in SEGMENTS.items():
        if segment in shape.links:
            yield f',"{key}":'
            yield shape.links[segment]
    for number, child in enumerate(extras):
        yield "," if number else ',"extra_nodes":['
        yield child
    yield "]" if extras else ""
    if shape.query is not None:
        yield f',"query":{quote(shape.query)}'
    if shape.name is not None:
        yield f',"result_name":{quote(shape.name)}'
    yield "}"
