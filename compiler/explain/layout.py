"""Lays out a workflow: sizes from the inside out, then places from the top down.

A workflow is series-parallel, so nested boxes are exact: nothing overlaps and no two lines of control flow
cross. Both passes are loops over flat lists: linear in the size of the graph, and depth costs nothing.
"""

from collections.abc import Iterator

from ..graph import Graph, Kind
from .fonts import cut_sans, visible
from .layout_cards import COMPACT_KINDS, PAD, SIGNAL_NOTCH, fill_card, fill_header
from .layout_data import Edge, Pen, plan
from .layout_frames import GAP, draw_frame, place_parts, size_frame, size_sequence
from .layout_parts import Box, Card, Item, Layout, Mark, Text, Wire, width_of
from .layout_tree import Tree, Unit, tree_of

MARGIN = 24
DOT = 6  # radius of the start and end signs
TITLE_ROOM = 560


def lay_out(graph: Graph, *, title: str | None = None, full: bool = False) -> Layout:
    """The picture of a graph, under a heading if `title` is given."""
    tree = tree_of(graph, full=full)
    edges = plan(graph, tree)
    _set_sizes(graph, tree, full=full)
    _set_places(tree)
    layout = Layout(steps=len(tree.units))
    heading = cut_sans(visible(" ".join(title.split())), 17, TITLE_ROOM, bold=True) if title else ""
    layout.items.extend(_items(tree, edges, heading))
    layout.box = _extent(tree, heading)
    return layout


def _set_sizes(graph: Graph, tree: Tree, *, full: bool) -> None:
    for unit in reversed(tree.units):
        if unit.parts:
            size_frame(unit, fill_header(graph, unit))
        else:
            fill_card(unit, full=full)
        if unit is unit.sequence.units[0]:
            size_sequence(unit.sequence)


def _set_places(tree: Tree) -> None:
    for sequence in tree.sequences:
        y = sequence.y
        for unit in sequence.units:
            unit.x, unit.y = sequence.x, y
            y += unit.height + GAP
            place_parts(unit)


def _items(tree: Tree, edges: list[Edge], heading: str) -> Iterator[Item]:
    root, pen = tree.sequences[0], Pen()
    by_later: dict[int, list[Edge]] = {}
    for edge in edges:
        by_later.setdefault(edge.later, []).append(edge)
    if heading:
        yield Text(0, -GAP - 2 * DOT - 20, heading, "title", centred=True)
    yield Mark("start", 0, -GAP - DOT)
    yield Wire(((0, -GAP), (0, 0)), arrow=True)
    before: dict[int, Unit] = {}  # last unit of a sequence so far, by the sequence's identity
    for unit in tree.units:
        previous = before.get(id(unit.sequence))
        before[id(unit.sequence)] = unit
        if previous is not None:
            start = (unit.x, previous.y + previous.height)
            yield Wire((start, (unit.x, unit.y)), "dead" if unit.dead else "flow", arrow=True)
        yield from draw_frame(unit) if unit.parts else (_card(unit),)
        for edge in by_later.get(unit.order, ()):
            yield pen.line(edge)
    if root.ends:
        yield Wire(((0, root.bottom), (0, root.bottom + GAP)), arrow=True)
        yield Mark("end", 0, root.bottom + GAP + DOT)


def _card(unit: Unit) -> Card:
    x, y = unit.x - unit.left, unit.y
    kind = unit.node.kind
    icon = (x + (14 if kind in COMPACT_KINDS else PAD + SIGNAL_NOTCH * (kind is Kind.SIGNAL)), y + 11)
    return Card(
        node=unit.node,
        number=unit.order,
        box=Box(x, y, unit.left + unit.right, unit.height),
        texts=tuple(text.moved(x, y) for text in unit.texts),
        chips=tuple(chip.moved(x, y) for chip in unit.chips),
        icon=(kind.value.lower().removesuffix("_multipart").removesuffix("_schedule"), *icon),
        names=unit.names,
    )


def _extent(tree: Tree, heading: str) -> Box:
    root = tree.sequences[0]
    half = width_of(heading, "title") // 2 + 1 if heading else 0
    left = max(root.left, half) + MARGIN
    right = max(root.right, half) + MARGIN
    top = GAP + 2 * DOT + MARGIN + (36 if heading else 0)
    bottom = root.height + (GAP + 2 * DOT if root.ends else 0) + MARGIN
    return Box(-left, -top, left + right, top + bottom)
