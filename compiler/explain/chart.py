"""A workflow as a flow chart, for the formats whose viewers do the layout: shapes in nested order, and links.

A frame (LOOP, JOIN, RACE, IF) opens, holds its shapes and closes. Flow enters and leaves a frame by
points, so no link ever has to end at a frame itself, which not every viewer can draw.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ..graph import Graph, Kind, Node
from .states import shown_states
from .words import bound, detail, header, kind_label, names_by_step, one_line, printable

DETAIL_WIDTH = 44  # characters of SQL on a card

# Each at least 4.5:1 on white, so that all may carry text.
TEXT_INK = "#1f2937"
FRAME_INK = "#4b5563"
DATA_INK = "#9d174d"
FADED_INK = "#6b7280"
INKS = {
    Kind.SQL: "#1d4ed8",
    Kind.BREAK: "#b91c1c",
    Kind.SLEEP: "#92400e",
    Kind.WAIT_SCHEDULE: "#92400e",
    Kind.SIGNAL: "#6b21a8",
    Kind.HTTP: "#065f46",
    Kind.HTTP_MULTIPART: "#065f46",
}

# Of the states of a started workflow's steps.
STATE_INKS = {
    "completed": "#15803d",
    "running": "#b45309",
    "failed": "#b91c1c",
    "pending": FRAME_INK,
    "skipped": FADED_INK,
}


class Form(Enum):
    """What a shape is."""

    OPEN = "open"  # a frame begins; its lines are the header
    CLOSE = "close"  # the frame ends
    CARD = "card"  # a step
    TEST = "test"  # where a condition decides
    POINT = "point"  # where flow enters or leaves a frame


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing to draw. Keys are node ids, with `.in`, `.test` or `.out` for the parts of a frame."""

    form: Form
    key: str
    node: Node
    lines: tuple[str, ...] = ()
    faded: bool = False
    state: str = ""  # of a started workflow's step


class Via(Enum):
    """What a link stands for."""

    FLOW = "flow"
    AGAIN = "again"  # back to the start of a loop
    DATA = "data"  # from a binding to its use


@dataclass(frozen=True, slots=True)
class Link:
    """An arrow between two keys."""

    source: str
    target: str
    label: str = ""
    via: Via = Via.FLOW
    faded: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """All shapes in nested order, then all links in reading order, data links last."""

    shapes: tuple[Shape, ...]
    links: tuple[Link, ...]


def chart(
    graph: Graph,
    *,
    full: bool = False,
    dim: frozenset[str] = frozenset(),
    statuses: Mapping[str, str] | None = None,
) -> Chart:
    """The flow chart of a graph. Shapes of the nodes whose ids are in `dim` are faded.

    With `statuses` (node id -> state) every card and frame says how it stands.
    """
    plan = _Plan(graph, full, dim, shown_states(graph, statuses or {}))
    shapes: list[Shape] = []
    links: list[Link] = []
    stack: list[Node | Shape | Link] = [graph.root]
    while stack:
        item = stack.pop()
        if isinstance(item, Node):
            stack.extend(reversed(list(plan.parts(item))))
        elif isinstance(item, Shape):
            shapes.append(item)
        else:
            links.append(item)
    links.extend(plan.data_links())
    faded = {shape.key for shape in shapes if shape.faded}
    links = [_fade(link) if faded & {link.source, link.target} else link for link in links]
    return Chart(tuple(shapes), tuple(links))


class _Plan:
    """Where flow enters and leaves every node, and the parts that each node is drawn with."""

    def __init__(self, graph: Graph, full: bool, dim: frozenset[str], states: Mapping[str, str]) -> None:
        self.graph, self.full, self.dim, self.states = graph, full, dim, states
        self.names = names_by_step(graph)
        self.loops = _innermost_loops(graph)
        self.entries: list[str | None] = [None] * len(graph.nodes)
        self.exits: list[str | None] = [None] * len(graph.nodes)
        left = {self.loops[node.index] for node in graph.nodes if node.kind is Kind.BREAK}
        for node in reversed(graph.nodes):
            self.entries[node.index] = self._entry(node)
            self.exits[node.index] = self._exit(node, left)

    def parts(self, node: Node) -> Iterator[Node | Shape | Link]:
        """What a node is drawn with, in reading order; the children are left to be taken apart."""
        if node.kind is Kind.THEN:
            first, second = (self.graph.nodes[node.children[role]] for role in ("first", "second"))
            yield first
            yield from _link(self.exits[first.index], self.entries[second.index])
            yield second
        elif node.is_leaf:
            yield self._shape(Form.CARD, node.id, node, self._card(node))
            if node.kind is Kind.BREAK and self.loops[node.index] >= 0:
                loop = self.graph.nodes[self.loops[node.index]]
                yield from _link(node.id, self.exits[loop.index], "break")
        else:
            title = header(self.graph, node) + self._bound(node) + self._state(node)
            yield self._shape(Form.OPEN, node.id, node, (one_line(title, 80),))
            if node.kind is Kind.LOOP:
                yield from self._loop(node)
            elif node.kind in (Kind.IF, Kind.IF_ROWS):
                yield from self._choice(node)
            else:
                yield from self._branches(node)
            if self.exits[node.index] is not None:
                yield self._shape(Form.POINT, f"{node.id}.out", node)
            yield self._shape(Form.CLOSE, node.id, node)

    def data_links(self) -> Iterator[Link]:
        """From every binding to its uses; a name on a sequence is bound by its last step."""
        for edge in self.graph.edges:
            if edge.kind == "data":
                source, target = self.graph.by_id[edge.source], self.graph.by_id[edge.target]
                tail = self.exits[source.index] or self.entries[source.index]
                label = one_line(edge.name or "", DETAIL_WIDTH) + (f" ({edge.label})" if edge.label else "")
                yield from _link(tail, self.entries[target.index], label, Via.DATA)

    def _entry(self, node: Node) -> str | None:
        if node.is_leaf:
            return node.id
        if node.kind is Kind.IF_ROWS:
            return f"{node.id}.test"
        if node.kind is Kind.THEN or (node.kind is Kind.IF and "condition" in node.children):
            return self.entries[node.children["first" if node.kind is Kind.THEN else "condition"]]
        return f"{node.id}.test" if node.kind is Kind.IF else f"{node.id}.in"

    def _exit(self, node: Node, left: set[int]) -> str | None:
        """Where flow goes on after a node; None where it never does."""
        if node.is_leaf:
            return None if node.kind is Kind.BREAK else node.id
        if node.kind is Kind.THEN:
            return self.exits[node.children["second"]]
        if node.kind is Kind.LOOP:
            goes_on = "condition" in node.children or node.index in left
        else:
            goes_on = any(self.exits[at] for role, at in node.children.items() if role != "condition")
        return f"{node.id}.out" if goes_on else None

    def _loop(self, node: Node) -> Iterator[Node | Shape | Link]:
        start, test = f"{node.id}.in", f"{node.id}.test"
        yield self._shape(Form.POINT, start, node)
        last: str | None = start
        for role in ("body", "condition"):
            child = self.graph.child(node, role)
            if child is not None:
                yield from _link(last, self.entries[child.index])
                yield child
                last = self.exits[child.index]
        if "condition" not in node.children:
            yield from _link(last, start, "again", Via.AGAIN)
            return
        yield from _link(last, test)
        yield self._shape(Form.TEST, test, node, ("true?",))
        yield from _link(test, start, "again", Via.AGAIN)
        yield from _link(test, self.exits[node.index], "done")

    def _choice(self, node: Node) -> Iterator[Node | Shape | Link]:
        test = f"{node.id}.test"
        condition = self.graph.child(node, "condition")
        if condition is not None:
            yield condition
            yield from _link(self.exits[condition.index], test)
        words = one_line(detail(node), DETAIL_WIDTH) or "true?"
        yield self._shape(Form.TEST, test, node, (words,))
        for role in ("then", "else"):
            child = self.graph.child(node, role)
            if child is not None:
                yield from self._arm(test, child, role, node)

    def _branches(self, node: Node) -> Iterator[Node | Shape | Link]:
        start = f"{node.id}.in"
        yield self._shape(Form.POINT, start, node)
        for number, branch in enumerate(self.graph.branches(node), 1):
            yield from self._arm(start, branch, f"branch {number}", node)

    def _arm(self, start: str, child: Node, label: str, frame: Node) -> Iterator[Node | Shape | Link]:
        """A way through a frame: from `start` by the child to the frame's exit."""
        yield from _link(start, self.entries[child.index], label)
        yield child
        yield from _link(self.exits[child.index], self.exits[frame.index])

    def _shape(self, form: Form, key: str, node: Node, lines: tuple[str, ...] = ()) -> Shape:
        state = self.states.get(node.id, "") if form in (Form.CARD, Form.OPEN) else ""
        return Shape(form, key, node, lines, node.id in self.dim, state)

    def _bound(self, node: Node) -> str:
        return "".join(map(bound, self.names.get(node.index, ())))

    def _state(self, node: Node) -> str:
        state = self.states.get(node.id)
        return f" · {state}" if state else ""

    def _card(self, node: Node) -> tuple[str, ...]:
        words = detail(node)
        lines = printable(words).split("\n") if self.full else [one_line(words, DETAIL_WIDTH)]
        names = [self._bound(node).strip()] if node.index in self.names else []
        return (kind_label(node) + self._state(node), *(line for line in lines if line), *names)


def _innermost_loops(graph: Graph) -> list[int]:
    """For every node the index of the loop that a BREAK there would end, -1 for none."""
    loops = [-1] * len(graph.nodes)
    for node in graph.nodes:
        if node.parent >= 0:
            parent = graph.nodes[node.parent]
            loops[node.index] = parent.index if parent.kind is Kind.LOOP else loops[parent.index]
    return loops


def _link(source: str | None, target: str | None, label: str = "", via: Via = Via.FLOW) -> Iterator[Link]:
    """The link, if flow gets there."""
    if source is not None and target is not None:
        yield Link(source, target, label, via)


def _fade(link: Link) -> Link:
    return Link(link.source, link.target, link.label, link.via, True)
