"""A graph as the layout sees it: sequences of units, a unit being a card or a frame around sequences."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..blocks import Block, Blocks
from ..graph import Graph, Kind, Node
from .layout_parts import Chip, Text
from .words import names_by_step

NORMAL, NARROW, FULL = 304, 232, 480  # widths of cards with SQL
MANY = 4  # from so many branches on, cards are narrow


@dataclass(slots=True, eq=False)
class Lane:
    """A vertical track beside a sequence. Places are orders of units, times two."""

    owner: "Unit"
    start: int
    end: int
    before: int  # where the owner before this one left the lane


@dataclass(slots=True, eq=False)
class Sequence:
    """Units one below the other, on one axis, with lanes for data on the right."""

    owner: "Unit | None"
    role: str
    level: int
    outermost: bool  # nothing of the owner stands to the right of it
    units: "list[Unit]" = field(default_factory=list)
    ends: bool = True
    lanes: list[Lane] = field(default_factory=list)
    left: int = 0  # what it takes to the left of its axis
    units_right: int = 0
    right: int = 0  # with the lanes
    height: int = 0
    x: int = 0
    y: int = 0

    @property
    def bottom(self) -> int:
        return self.y + self.height


@dataclass(slots=True, eq=False)
class Unit:
    """A card or a frame; positions are those of its axis and its upper edge."""

    node: Node
    sequence: Sequence
    order: int  # in the order of execution, from 1
    names: tuple[str, ...]  # bound here, also those of sequences that end here
    card_width: int
    ends: bool
    dead: bool  # nothing gets here from the unit before it
    parts: dict[str, Sequence] = field(default_factory=dict)
    last_order: int = 0  # the order of the last unit inside
    inputs: list[str] = field(default_factory=list)  # names to be mentioned, the line being long or missing
    entries: int = 0  # data lines that end here
    top_tracks: list["Unit"] = field(default_factory=list)  # owners of data lines above the branches
    bottom_tracks: list["Unit"] = field(default_factory=list)  # and below them
    texts: tuple[Text, ...] = ()
    chips: tuple[Chip, ...] = ()
    left: int = 0
    right: int = 0
    height: int = 0
    fork: int = 0  # y of the line where branches part, from the upper edge; of a LOOP: where it turns back
    merge: int = 0  # the same where they meet
    x: int = 0
    y: int = 0

    @property
    def branches(self) -> list[Sequence]:
        """The parts that stand side by side."""
        return [part for role, part in self.parts.items() if role not in ("condition", "body")]


@dataclass(slots=True)
class Tree:
    """All units in the order of execution (a frame before its parts), all sequences parents first."""

    units: list[Unit]
    sequences: list[Sequence]
    unit_of: dict[int, Unit]  # by node index; a THEN has the unit of its last step


def tree_of(graph: Graph, *, full: bool = False) -> Tree:
    """The units of a graph. Linear in its size, and depth costs no recursion."""
    blocks, names = Blocks(graph), names_by_step(graph)
    root = Sequence(None, "root", 0, True)
    tree = Tree([], [root], {})
    stack: list[tuple[int, Sequence, int]] = []
    _open(blocks.all[0], root, FULL if full else NORMAL, blocks, tree, stack)
    while stack:
        at, sequence, width = stack.pop()
        unit = Unit(
            node=graph.nodes[at],
            sequence=sequence,
            order=len(tree.units) + 1,
            names=names.get(at, ()),
            card_width=width,
            ends=blocks.ends[at],
            dead=blocks.position[at] > blocks.all[blocks.block_of[at]].stop,
        )
        tree.units.append(unit)
        tree.unit_of[at] = unit
        sequence.units.append(unit)
        inner = blocks.inner.get(at, {})
        if len(inner) >= MANY and not full:
            width = NARROW
        for role, block in _parts(unit, inner):
            _open(block, unit.parts[role], width, blocks, tree, stack)
        tree.sequences += unit.parts.values()
    _note_ends(tree)
    for node in reversed(graph.nodes):
        if node.kind is Kind.THEN:
            tree.unit_of[node.index] = tree.unit_of[node.children["second"]]
    return tree


def _parts(unit: Unit, inner: dict[str, Block]) -> Iterator[tuple[str, Block]]:
    """Makes the sequences of a unit, and gives their blocks, last first: so the first one's units are next."""
    roles = list(inner)
    for role in roles:
        alone = role in ("condition", "body") or role == roles[-1]
        unit.parts[role] = Sequence(unit, role, unit.sequence.level + 1, alone, ends=inner[role].ends)
    yield from ((role, inner[role]) for role in reversed(roles))


def _open(
    block: Block,
    sequence: Sequence,
    width: int,
    blocks: Blocks,
    tree: Tree,
    stack: list[tuple[int, Sequence, int]],
) -> None:
    """Queues the steps of a block."""
    sequence.ends = block.ends
    stack.extend((at, sequence, width) for at in reversed(blocks.steps(block)))


def _note_ends(tree: Tree) -> None:
    """Writes down the last order inside of every unit, children first."""
    for unit in reversed(tree.units):
        unit.last_order = max(unit.last_order, unit.order)
        owner = unit.sequence.owner
        if owner is not None:
            owner.last_order = max(owner.last_order, unit.last_order)
