"""What a node's result looks like, which decides the accessors that a reference to it may have."""

from enum import Enum

from .graph import Graph, Kind, Node


class Shape(Enum):
    """The form of a stored result (language reference, the last table of section 6.4)."""

    ROWS = "rows"  # {"rows": [...], "row_count": n}
    HTTP = "http"  # an object: status, body, encoding, headers, ok, duration_ms
    SIGNAL = "signal"  # an object: signal_name, timed_out, data
    ARRAY = "array"  # the results of a JOIN's branches
    SLEEP = "sleep"  # an object: slept, seconds
    SCHEDULE = "schedule"  # an object: scheduled
    BREAK = "break"  # whatever the break's value is; the BREAK node tells
    UNKNOWN = "unknown"  # of a step that only the server can build


_SHAPES = {
    Kind.SQL: Shape.ROWS,
    Kind.HTTP: Shape.HTTP,
    Kind.HTTP_MULTIPART: Shape.HTTP,
    Kind.SIGNAL: Shape.SIGNAL,
    Kind.JOIN: Shape.ARRAY,
    Kind.SLEEP: Shape.SLEEP,
    Kind.WAIT_SCHEDULE: Shape.SCHEDULE,
    Kind.BREAK: Shape.BREAK,
}


def result_nodes(graph: Graph, node: Node) -> tuple[Node, ...]:
    """The leaves and JOINs whose result a node's result can be, in the order of the nodes.

    A sequence gives its last step's, an IF that of the branch taken, a RACE the winner's; a LOOP that of its
    body when the condition ends it, or else of the BREAK.
    """
    found: set[int] = set()
    seen: set[int] = set()
    stack = [node.index]
    while stack:
        at = graph.nodes[stack.pop()]
        if at.index in seen:
            continue
        seen.add(at.index)
        if at.kind is Kind.BREAK:
            if at is node:  # any other one leaves this node without a result
                found.add(at.index)
        elif at.is_leaf or at.kind is Kind.JOIN:
            found.add(at.index)
        elif at.kind is Kind.THEN:
            stack.append(at.children["second"])
        elif at.kind is Kind.LOOP:
            found.update(breaks_of(graph, at))
            if "condition" in at.children:
                stack.append(at.children["body"])
        else:
            stack += (child for role, child in at.children.items() if role != "condition")
    return tuple(graph.nodes[index] for index in sorted(found))


def breaks_of(graph: Graph, loop: Node) -> list[int]:
    """Indices of the BREAK nodes that leave this very LOOP."""
    found: list[int] = []
    stack = list(loop.children.values())
    while stack:
        at = graph.nodes[stack.pop()]
        if at.kind is Kind.BREAK:
            found.append(at.index)
        elif at.kind is not Kind.LOOP:
            stack += at.children.values()
    return sorted(found)


def shapes(graph: Graph, node: Node) -> frozenset[Shape]:
    """The forms that a node's result can have."""
    return frozenset(
        Shape.UNKNOWN if result.dynamic else _SHAPES[result.kind] for result in result_nodes(graph, node)
    )
