"""Why a name may be missing where it is used: ways past its definitions, and definitions out of reach."""

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from .blocks import Block, Blocks
from .graph import Kind, Node
from .reaching import PASS, Exit, Reaching, after


class Gap(NamedTuple):
    """A way past a definition: the branch `role` of `node` does not bind the name.

    Other roles: "break", where the BREAK `node` leaves the loop before the name is bound; "end", where the
    condition ends the LOOP `node`, and only breaks bind the name; and "first round", where the name is bound
    further on in the LOOP `node` that holds the use.
    """

    node: Node
    role: str


class Why(Enum):
    """Why a definition does not reach a use of its name."""

    SIBLING = "sibling branch"  # another branch of the same JOIN or RACE
    OTHER_BRANCH = "other branch"  # the other branch of the same IF
    LATER = "later"  # it is bound after the use
    NEXT_ROUND = "next round"  # bound after the use in the root loop, which forgets all names between rounds
    ENCLOSING = "enclosing"  # the node that has the name contains the use, and binds it at its own end
    DEAD = "unreachable"  # the definition never runs
    OTHER = "other"  # bound again in between, or what follows it leaves the loop


class Miss(NamedTuple):
    """A definition that does not reach a use; `node` is the JOIN, RACE, IF or root LOOP between the two."""

    definition: Node
    why: Why
    node: Node | None


def find_gaps(flow: Reaching, use: int) -> tuple[Gap, ...]:
    """The ways on which nothing binds the name before the step `use`, in the order of the nodes.

    Asked about a step that some definition reaches, but not on all paths.
    """
    # No gap in the block that the flow is about: a loop around it brings the name in its later rounds.
    return _Gaps(flow).before(use) or _Gaps(Reaching(flow.blocks, flow.definitions)).before(use)


class _Gaps:
    """Follows the value "not bound" back from a use, through the items that let it pass."""

    def __init__(self, flow: Reaching) -> None:
        self.flow = flow
        self.blocks = flow.blocks
        self.found: set[tuple[int, str]] = set()  # node and role
        self.seen: set[tuple[int, bool]] = set()
        self.stack: list[tuple[int, bool]] = []  # an item, and whether the value leaves it by a break

    def before(self, use: int) -> tuple[Gap, ...]:
        loop = self._climb(use)
        if not self.stack and loop is not None:
            self.found.add((loop, "first round"))
        while self.stack:
            self._open(*self.stack.pop())
        return tuple(Gap(self._node(index), role) for index, role in sorted(self.found))

    def _climb(self, at: int) -> int | None:
        """Stacks what may have bound the name on the way to a step.

        Gives the innermost loop around the step whose later rounds may find the name bound.
        """
        blocks, loop = self.blocks, None
        while True:
            block = blocks.holder(at)
            self._push(self._binders(block, blocks.position[at]), False)
            if block is self.flow.top:
                break
            at = block.owner
            if loop is None and self.flow.heads.get(at, PASS).out:
                loop = at
            if first := blocks.before(block):
                self._push(self._binders(first, len(first.items)), False)
        return loop

    def _push(self, items: Iterator[int], by_break: bool) -> None:
        for item in items:
            if (item, by_break) not in self.seen:
                self.seen.add((item, by_break))
                self.stack.append((item, by_break))

    def _binders(self, block: Block, end: int) -> Iterator[int]:
        """The items before a position that may bind the name, and may not."""
        for position in self.flow.positions.get(block.number, ()):
            if position >= end:
                return
            exits = self.flow.items.get(block.items[position])
            if exits and exits.ended and exits.ended.out and exits.ended.passes:
                yield block.items[position]

    def _open(self, item: int, by_break: bool) -> None:
        """Looks into an item that the value passes, at its end or by a break."""
        node = self._node(item)
        if node.kind is Kind.BREAK:
            self.found.add((item, "break"))
            return
        through: Exit = PASS
        for block in self.blocks.inner[item].values():
            part = self.flow.part(block)
            if (by_break or node.kind is Kind.LOOP) and _passes(through):
                self._open_breaks(block)
            if not by_break and node.kind is not Kind.LOOP and part.ended and part.ended.passes:
                if part.ended.out:
                    self._push(self._binders(block, len(block.items)), False)
                elif self._is_alternative(block):
                    self.found.add((item, block.role))
            if node.kind in (Kind.JOIN, Kind.LOOP) or block.role == "condition":
                through = after(through, part.ended)
        if node.kind is Kind.LOOP and _passes(through):
            self._open_round(node, through)

    def _open_round(self, loop: Node, through: Exit) -> None:
        """A whole round that the value passes: it is the last one, or another one follows."""
        for block in self.blocks.inner[loop.index].values():
            self._push(self._binders(block, len(block.items)), False)
        if through and not through.out and "condition" in loop.children:
            self.found.add((loop.index, "end"))

    def _is_alternative(self, block: Block) -> bool:
        """Whether the name may be bound in another branch that is taken in place of this one."""
        if self._node(block.owner).kind is Kind.JOIN or block.role == "condition":
            return False
        others = (part for part in self.blocks.inner[block.owner].values() if part.role != "condition")
        return any(ended.out for part in others if (ended := self.flow.part(part).ended))

    def _open_breaks(self, block: Block) -> None:
        """The items from which a break carries the value out of a block, and what it passed before."""
        if not _passes(self.flow.part(block).broken):
            return
        for position, item in enumerate(block.items[: block.stop + 1]):
            before = self.flow.prefix(block.number, position)
            if not before.passes:
                return
            own = self.flow.items.get(item)
            if self.blocks.breaks[item] and (own is None or _passes(own.broken)):
                self._push(self._binders(block, position), False)
                if own is not None or not before.out:
                    self._push(iter((item,)), True)

    def _node(self, index: int) -> Node:
        return self.blocks.graph.nodes[index]


def _passes(exit: Exit) -> bool:
    return exit is not None and exit.passes


def explain_miss(blocks: Blocks, definition: int, use: int) -> Miss:
    """Why a definition does not reach a use that can run; both are indices of nodes."""
    nodes = blocks.graph.nodes
    if blocks.within(use, definition):
        return Miss(nodes[definition], Why.ENCLOSING, None)
    if blocks.cause(definition) is not None:
        return Miss(nodes[definition], Why.DEAD, None)
    mine, other = _fork(blocks, definition), _fork(blocks, use)
    number = next(number for number in mine if number in other)
    (item, part), (used_in, used_part) = mine[number], other[number]
    if item != used_in:
        is_later = blocks.position[item] > blocks.position[used_in]
    elif (why := _between_parts(nodes[item].kind, part, used_part)) is not None:
        return Miss(nodes[definition], why, nodes[item])
    else:
        is_later = part == "condition" if nodes[item].kind is Kind.LOOP else used_part == "condition"
    if not is_later:
        return Miss(nodes[definition], Why.OTHER, None)
    if nodes[0].kind is Kind.LOOP:
        return Miss(nodes[definition], Why.NEXT_ROUND, nodes[0])
    return Miss(nodes[definition], Why.LATER, None)


def _fork(blocks: Blocks, node: int) -> dict[int, tuple[int, str]]:
    """The way from a node to the root: block -> the item that holds the node, and the part of the item."""
    way: dict[int, tuple[int, str]] = {}
    part = ""
    while node >= 0:
        block = blocks.all[blocks.block_of[node]]
        way[block.number] = (node, part)
        node, part = block.owner, block.role
    return way


def _between_parts(kind: Kind, definition: str, use: str) -> Why | None:
    """The reason that lies in the node which holds both in different parts; None where one precedes."""
    if kind in (Kind.JOIN, Kind.RACE):
        return Why.SIBLING
    if kind in (Kind.IF, Kind.IF_ROWS) and "condition" not in (definition, use):
        return Why.OTHER_BRANCH
    return None
