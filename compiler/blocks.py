"""Blocks: a graph's sequences laid flat, and how each part of a workflow can end.

A block is the root, or one branch of a composite node, with its nested THENs flattened. A part *ends* when
what follows it can run, and *breaks* when it can leave the loop around it. Neither is so for a loop without
a condition and without a break that can be reached: what follows never runs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from .graph import Graph, Kind, Node


@dataclass(slots=True)
class Block:
    """A sequence. A THEN that has a name stands behind its last step, where its name is bound."""

    number: int
    owner: int  # index of the composite node, -1 for the root block
    role: str  # role in the owner
    items: list[int]  # indices of nodes: steps, and THENs that have a name
    depth: int = 0
    dead: int | None = None  # index of the node because of which the block never begins
    stop: int = 0  # position of the item that nothing gets past; the number of items where there is none
    breaks_before: list[int] = field(default_factory=list)  # at i: how many of the first i items can break

    @property
    def ends(self) -> bool:
        """Whether its last item can end, given that it begins."""
        return self.stop == len(self.items)

    @property
    def breaks(self) -> bool:
        """Whether it can leave the loop around it, given that it begins."""
        return self.can_break(0, len(self.items))

    def can_break(self, start: int, end: int) -> bool:
        """Whether an item in a range of positions can break; items that are never reached do not count."""
        return self.breaks_before[end] > self.breaks_before[start]


@dataclass(frozen=True, slots=True)
class DeadCode:
    """A stretch of a block that never runs."""

    cause: Node  # what nothing gets past
    first: Node  # the first step that never runs


class Blocks:
    """The blocks of a graph, parents before children, and facts about every node by its index."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        count = len(graph.nodes)
        self.all: list[Block] = []
        self.block_of = [-1] * count  # number of the block that holds the node; -1 for THENs without a name
        self.position = [-1] * count  # position in that block
        self.inner: dict[int, dict[str, Block]] = {}  # a composite's blocks in the order in which they run
        self.after = [0] * count  # the first index behind the node's subtree
        self.begin = [0] * count  # place in the order of execution, by the node's beginning
        self.finish = [0] * count  # the same by its end, for comparison with `begin`
        self.ends = [True] * count
        self.breaks = [False] * count
        self.dead_code: list[DeadCode] = []
        self._lay_out()
        self._find_exits()
        self._find_dead_code()
        self._number_in_order()

    def holder(self, node: int) -> Block:
        """The block in which a node is an item."""
        return self.all[self.block_of[node]]

    def common(self, nodes: Iterable[int]) -> Block:
        """The innermost block that holds all of some nodes."""
        found: Block | None = None
        for number in dict.fromkeys(self.block_of[node] for node in nodes):
            block = self.all[number]
            found = found or block
            while block is not found:
                if block.depth > found.depth:
                    block = self.holder(block.owner)
                else:
                    found = self.holder(found.owner)
        return found or self.all[0]

    def within(self, node: int, ancestor: int) -> bool:
        """Whether a node is another one or a part of it."""
        return ancestor <= node < self.after[ancestor]

    def cause(self, node: int) -> int | None:
        """Index of the node because of which a step never runs; None where it can run."""
        block = self.all[self.block_of[node]]
        if block.dead is not None or self.position[node] <= block.stop:
            return block.dead
        return self._culprit(block.items[block.stop])

    def before(self, block: Block) -> Block | None:
        """The part of the same node that runs before this one: an IF's condition, a LOOP's body."""
        first = next(iter(self.inner[block.owner].values()))
        in_turn = first.role == "condition" or block.role == "condition"
        return first if in_turn and first is not block else None

    def steps(self, block: Block) -> list[int]:
        """The items of a block without its named THENs."""
        nodes = self.graph.nodes
        return [item for item in block.items if nodes[item].kind is not Kind.THEN]

    def last_step(self, node: int) -> int:
        """The step that gives a definition its value: a THEN's last step, any other node itself."""
        nodes = self.graph.nodes
        while nodes[node].kind is Kind.THEN:
            node = self.all[self.block_of[node]].items[self.position[node] - 1]
        return node

    def following(self) -> dict[int, int]:
        """The next step of the same sequence, for every step that has one."""
        following: dict[int, int] = {}
        for block in self.all:
            steps = self.steps(block)
            following.update(pairwise(steps))
        return following

    def in_order(self) -> Iterator[int]:
        """Indices of all steps in the order of execution, a composite before its parts."""
        nodes = self.graph.nodes
        order = sorted(range(len(nodes)), key=self.begin.__getitem__)
        return (index for index in order if nodes[index].kind is not Kind.THEN)

    def _lay_out(self) -> None:
        nodes = self.graph.nodes
        self._add_block(-1, "root", 0)
        for block in self.all:  # grows while it is read
            for position, item in enumerate(block.items):
                self.block_of[item], self.position[item] = block.number, position
                node = nodes[item]
                if node.kind is not Kind.THEN and node.children:
                    self.inner[item] = {
                        role: self._add_block(item, role, node.children[role]) for role in _run_order(node)
                    }
        for node in reversed(nodes):
            last = max(node.children.values(), default=-1)
            self.after[node.index] = node.index + 1 if last < 0 else self.after[last]

    def _add_block(self, owner: int, role: str, top: int) -> Block:
        depth = self.holder(owner).depth + 1 if owner >= 0 else 0
        block = Block(len(self.all), owner, role, self._flatten(top), depth)
        self.all.append(block)
        return block

    def _flatten(self, top: int) -> list[int]:
        nodes = self.graph.nodes
        items: list[int] = []
        stack = [top]
        while stack:
            at = stack.pop()
            if at < 0:  # the end of a THEN
                items.append(~at)
            elif nodes[at].kind is Kind.THEN:
                if nodes[at].name is not None:
                    stack.append(~at)
                stack += (nodes[at].children["second"], nodes[at].children["first"])
            else:
                items.append(at)
        return items

    def _find_exits(self) -> None:
        for block in reversed(self.all):
            block.stop = len(block.items)
            for position, item in enumerate(block.items):
                self.ends[item], self.breaks[item] = self._exits(item)
                if not self.ends[item]:
                    block.stop = min(block.stop, position)
            reached = (self.breaks[item] for item in block.items[: block.stop + 1])
            counts = list(accumulate(reached, initial=0))
            block.breaks_before = counts + counts[-1:] * (len(block.items) + 1 - len(counts))

    def _exits(self, item: int) -> tuple[bool, bool]:
        """(ends, breaks) of an item whose parts are known."""
        kind = self.graph.nodes[item].kind
        parts = self.inner.get(item, {})
        if kind is Kind.LOOP:
            return _leaves_loop(parts["body"], parts.get("condition")), False
        if kind is Kind.BREAK:
            return False, True
        if kind is Kind.RACE:
            return any(part.ends for part in parts.values()), any(part.breaks for part in parts.values())
        if kind is Kind.JOIN:
            # It waits for every branch, so a branch that goes on for ever keeps a break from taking effect.
            if not all(part.ends or part.breaks for part in parts.values()):
                return False, False
            return all(part.ends for part in parts.values()), any(part.breaks for part in parts.values())
        if kind in (Kind.IF, Kind.IF_ROWS):
            condition, then, other = parts.get("condition"), parts["then"], parts["else"]
            if condition is None:
                return then.ends or other.ends, then.breaks or other.breaks
            taken = condition.ends
            breaks = condition.breaks or (taken and (then.breaks or other.breaks))
            return taken and (then.ends or other.ends), breaks
        return True, False

    def _find_dead_code(self) -> None:
        for block in self.all:
            if block.owner >= 0:
                block.dead = self.cause(block.owner)
                first = self.before(block)
                if block.dead is None and first is not None and not first.ends:
                    block.dead = self._culprit(first.items[first.stop])
                    self._note_dead(block.dead, block.items)
            if block.dead is None and not block.ends:
                self._note_dead(self._culprit(block.items[block.stop]), block.items[block.stop + 1 :])

    def _note_dead(self, cause: int, items: list[int]) -> None:
        nodes = self.graph.nodes
        first = next((item for item in items if nodes[item].kind is not Kind.THEN), None)
        if first is not None:
            self.dead_code.append(DeadCode(nodes[cause], nodes[first]))

    def _culprit(self, item: int) -> int:
        """The innermost node that keeps an item from ending."""
        while True:
            kind, parts = self.graph.nodes[item].kind, self.inner.get(item, {})
            stuck = [part for part in parts.values() if not part.ends]
            if kind is Kind.JOIN:
                part = next((part for part in stuck if not part.breaks), stuck[0])
            elif kind is Kind.IF and stuck and stuck[0].role == "condition":
                part = stuck[0]
            else:
                return item
            item = part.items[part.stop]

    def _number_in_order(self) -> None:
        nodes, clock = self.graph.nodes, 0
        stack = self.all[0].items[::-1]
        while stack:
            at = stack.pop()
            clock += 1
            if at < 0:
                self.finish[~at] = clock
                continue
            self.begin[at] = self.finish[at] = clock
            if nodes[at].kind is not Kind.THEN and at in self.inner:
                stack.append(~at)
                for part in reversed(self.inner[at].values()):
                    stack += reversed(part.items)


def _run_order(node: Node) -> list[str]:
    """Roles in the order in which they run: an IF's condition comes first, a LOOP's stays last."""
    first = "condition" if node.kind is Kind.IF else ""
    return sorted(node.children, key=lambda role: role != first)


def _leaves_loop(body: Block, condition: Block | None) -> bool:
    asked = condition is not None and body.ends and (condition.ends or condition.breaks)
    return body.breaks or asked
