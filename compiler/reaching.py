"""Which definitions of one name can reach a place: gen and kill over blocks, without iteration.

What a part of the workflow does to a name is a `Transfer`: the definitions that may come out of it, and
whether the value from before it may pass. Parts compose by sequence and choice, so a loop needs no fixed
point: its head sees the value from before and whatever one round lets out. Only the parts that hold a
definition of the name are looked at.
"""

from bisect import bisect_left
from functools import reduce
from typing import NamedTuple

from .blocks import Block, Blocks
from .graph import Kind, Node
from .rounds import Returns

UNBOUND = 1  # the bit for "not bound yet"; definition k has the bit 2 << k


class Transfer(NamedTuple):
    """`out` holds the bits of definitions that may come out; `passes`: the value from before may, too."""

    out: int
    passes: bool


PASS = Transfer(0, True)
NEVER = Returns()
Exit = Transfer | None  # None: there is no such exit


def after(first: Exit, then: Exit) -> Exit:
    """One part, then another."""
    if first is None or then is None:
        return None
    return Transfer(then.out | first.out, first.passes) if then.passes else then


def either(one: Exit, other: Exit) -> Exit:
    """One part or another."""
    if one is None or other is None:
        return one or other
    return Transfer(one.out | other.out, one.passes or other.passes)


def outcome(transfer: Transfer, value: int) -> int:
    """The bits that come out when `value` goes in."""
    return transfer.out | value if transfer.passes else transfer.out


class Exits(NamedTuple):
    """What a part does to the name where it ends, and where it breaks."""

    ended: Exit
    broken: Exit


class Reaching:
    """The flow of one name.

    `definitions` are the indices of the nodes that carry it, ascending. `top` is a block that holds them all:
    the root block, or a smaller one, and then `returns` tells what the loops around it do.
    """

    def __init__(
        self,
        blocks: Blocks,
        definitions: list[int],
        top: Block | None = None,
        returns: Returns = NEVER,
    ) -> None:
        self.blocks = blocks
        self.definitions = definitions
        self.top = top or blocks.all[0]
        self._returns = returns
        self._bits = {node: 2 << place for place, node in enumerate(self.definitions)}
        self.positions: dict[int, list[int]] = {}  # by block: where the items stand that hold a definition
        self._prefixes: dict[int, list[Transfer]] = {}  # by block: none of these, the first, ...
        self.items: dict[int, Exits] = {}
        self._blocks: dict[int, Exits] = {}  # by block
        self.heads: dict[int, Transfer] = {}  # by loop: from before the loop to the beginning of a round
        self._find_positions()
        for number in sorted(self.positions, reverse=True):  # parts before the block that holds them
            self._blocks[number] = self._sequence(self.blocks.all[number])
        self._entries = {self.top.number: self._returning()}  # by block: the value at its beginning

    def at(self, node: int) -> int:
        """The bits that may reach the beginning of a step, which must be one that can run."""
        number = self.blocks.block_of[node]
        value = self._entry(number)
        return outcome(self.prefix(number, self.blocks.position[node]), value)

    def nodes(self, value: int) -> tuple[int, ...]:
        """The definitions whose bits are set."""
        return tuple(node for node, bit in self._bits.items() if value & bit)

    def _find_positions(self) -> None:
        blocks, found = self.blocks, dict[int, set[int]]()
        for node in self.definitions:
            while True:
                known = found.setdefault(blocks.block_of[node], set())
                if blocks.position[node] in known:
                    break
                known.add(blocks.position[node])
                if blocks.block_of[node] == self.top.number:
                    break
                node = blocks.holder(node).owner
        self.positions = {number: sorted(positions) for number, positions in found.items()}

    def _returning(self) -> int:
        """The value at the beginning of the top block: what loops around it bring back, or nothing yet."""
        ended, broken = self.part(self.top)
        value = UNBOUND
        if ended and self._returns.by_end:
            value |= ended.out
        if broken and self._returns.by_break:
            value |= broken.out
        return value

    def covers(self, node: int) -> bool:
        """Whether `at` can answer for a node."""
        block = self.blocks.holder(node)
        while block.depth > self.top.depth:
            block = self.blocks.holder(block.owner)
        return block is self.top

    def _sequence(self, block: Block) -> Exits:
        value, broken, seen = PASS, None, 0
        prefix = self._prefixes[block.number] = [PASS]
        for position in self.positions[block.number]:
            if position > block.stop:
                break
            if block.can_break(seen, position):
                broken = either(broken, value)
            item = self.items[block.items[position]] = self._item(block.items[position])
            broken = either(broken, after(value, item.broken))
            ended = after(value, item.ended)
            if ended is None:
                return Exits(None, broken)
            prefix.append(ended)
            value, seen = ended, position + 1
        if block.can_break(seen, len(block.items)):
            broken = either(broken, value)
        return Exits(value if block.ends else None, broken)

    def _item(self, index: int) -> Exits:
        exits = self._unnamed(self.blocks.graph.nodes[index])
        bit = self._bits.get(index)
        if bit is None:
            return exits
        bound = Transfer(bit, False)
        if self.blocks.graph.nodes[index].kind is Kind.BREAK:
            return Exits(None, bound)
        return Exits(exits.ended and bound, exits.broken)

    def _unnamed(self, node: Node) -> Exits:
        """What an item does but for its own name."""
        if node.kind is Kind.LOOP:
            return Exits(self._loop(node.index), None)
        if node.kind in (Kind.IF, Kind.IF_ROWS, Kind.JOIN, Kind.RACE):
            parts = [self.part(part) for part in self.blocks.inner[node.index].values()]
            if node.kind is Kind.JOIN:
                return self._join(node.index, parts)
            first = parts.pop(0) if node.kind is Kind.IF else Exits(PASS, None)
            ended = reduce(either, (part.ended for part in parts))
            broken = reduce(either, (part.broken for part in parts))
            return Exits(after(first.ended, ended), either(first.broken, after(first.ended, broken)))
        return Exits(PASS, None)

    def _join(self, index: int, parts: list[Exits]) -> Exits:
        """The branches' own bindings in the order of the branches; a break hides what later ones bound."""
        if not (self.blocks.ends[index] or self.blocks.breaks[index]):
            return Exits(None, None)
        ended, broken = Exits(PASS, None)
        for part in parts:
            broken = either(broken, after(ended, part.broken))
            ended = after(ended, part.ended)
        return Exits(ended, broken)

    def _loop(self, index: int) -> Exit:
        parts = self.blocks.inner[index]
        body = self.part(parts["body"])
        again, left = body
        if "condition" in parts:
            condition = self.part(parts["condition"])
            again = after(body.ended, condition.ended)
            left = either(left, either(after(body.ended, condition.broken), again))
        # The root loop forgets all names when a round begins; any other loop keeps them.
        keeps = index > 0 and again is not None
        head = self.heads[index] = Transfer(again.out, True) if keeps and again else PASS
        return after(head, left)

    def part(self, block: Block) -> Exits:
        known = self._blocks.get(block.number)
        return known or Exits(PASS if block.ends else None, PASS if block.breaks else None)

    def prefix(self, number: int, position: int) -> Transfer:
        """The items of a block up to a position, in turn."""
        positions = self.positions.get(number)
        return self._prefixes[number][bisect_left(positions, position)] if positions else PASS

    def _entry(self, number: int) -> int:
        """The value at the beginning of a block."""
        blocks, way = self.blocks, list[Block]()
        while number not in self._entries:
            way.append(blocks.all[number])
            number = blocks.block_of[blocks.all[number].owner]
        for block in reversed(way):
            around = blocks.block_of[block.owner]
            value = outcome(self.prefix(around, blocks.position[block.owner]), self._entries[around])
            value = outcome(self.heads.get(block.owner, PASS), value)
            first = blocks.before(block)
            ended = self.part(first).ended if first else None
            self._entries[block.number] = outcome(ended, value) if ended else value
        return self._entries[way[0].number if way else number]
