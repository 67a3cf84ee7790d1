"""Questions about the whole graph: what depends on a step, what it depends on, and what takes longest."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .bindings import Bindings, analyse
from .blocks import Block, Blocks
from .graph import Graph, Kind, Node

Pairs = Iterable[tuple[int, int]]
Weight = Callable[[Node], float]


class Path(NamedTuple):
    """Steps in the order of execution, and the sum of their weights."""

    steps: tuple[str, ...]
    weight: float


def reachable(graph: Graph, id: str) -> tuple[str, ...]:
    """The steps that control may come to once a step has begun, in the order of execution.

    These are the steps inside it, and whatever follows it and the composites around it; not the steps of
    sibling branches, not dead code, and not what comes round again in a loop. Raises KeyError for an unknown
    id. The id may be a THEN's, here and below: then all that it holds is left out.
    """
    blocks = Blocks(graph)
    return _closure(blocks, id, _control(blocks))


def descendants(graph: Graph, id: str) -> tuple[str, ...]:
    """The steps that depend on a step, by control or by data, in the order of execution.

    More than `reachable`: a data edge may lead into the next round of a loop, and on from there.
    Raises KeyError for an unknown id.
    """
    bindings = analyse(graph)
    return _closure(bindings.blocks, id, [*_control(bindings.blocks), *_data(bindings)])


def ancestors(graph: Graph, id: str) -> tuple[str, ...]:
    """The steps that a step depends on, by control or by data, in the order of execution.

    The composites around it are among them, and all that is inside the composites which precede it. What a
    composite holds begins after the composite, and so is not among the composite's own ancestors.
    Raises KeyError for an unknown id.
    """
    bindings = analyse(graph)
    pairs = (*_control(bindings.blocks), *_data(bindings))
    return _closure(bindings.blocks, id, ((target, source) for source, target in pairs))


def critical_path(graph: Graph, weight: Weight | None = None) -> Path:
    """The heaviest way through the workflow, every loop run once.

    An IF gives its condition and the heavier branch, a JOIN its heaviest branch, a RACE its lightest: the
    first to end decides. The path names the composites that it goes through. `weight` is asked about leaves
    only; without it each counts 1. Dead code is left out.
    """
    blocks = Blocks(graph)
    weigh = weight or (lambda node: 1.0)
    costs = [0.0] * len(blocks.all)
    taken: dict[int, list[Block]] = {}
    for block in reversed(blocks.all):
        for item in _live(blocks, block):
            if item in blocks.inner:
                taken[item] = _take(graph.nodes[item].kind, list(blocks.inner[item].values()), costs)
                costs[block.number] += sum(costs[part.number] for part in taken[item])
            else:
                costs[block.number] += weigh(graph.nodes[item])
    steps: list[str] = []
    stack = _live(blocks, blocks.all[0])[::-1]
    while stack:
        at = stack.pop()
        steps.append(graph.nodes[at].id)
        for part in reversed(taken.get(at, ())):
            stack += reversed(_live(blocks, part))
    return Path(tuple(steps), costs[0])


def sleep_seconds(node: Node) -> float:
    """A weight for `critical_path`: the seconds of a sleep, nothing for any other step."""
    return float(node.query or 0) if node.kind is Kind.SLEEP else 0.0


def _live(blocks: Blocks, block: Block) -> list[int]:
    """The steps of a block that can run, given that it begins."""
    return [item for item in blocks.steps(block) if blocks.position[item] <= block.stop]


def _take(kind: Kind, parts: list[Block], costs: list[float]) -> list[Block]:
    """The parts of a composite that the critical path runs through; earlier ones win ties."""

    def cost(part: Block) -> float:
        return costs[part.number]

    if kind is Kind.LOOP:
        return parts if parts[0].ends else parts[:1]
    if kind is Kind.RACE:
        return [min(parts, key=cost)]
    if parts[0].role != "condition":
        return [max(parts, key=cost)]
    return [parts[0], max(parts[1:], key=cost)] if parts[0].ends else parts[:1]


def _control(blocks: Blocks) -> Iterator[tuple[int, int]]:
    """What begins after what, as pairs of indices; the last steps of a branch lead to what follows it."""
    following = blocks.following()
    leaving: list[list[int]] = []  # by block: where control goes from its end
    breaking: list[list[int]] = []  # by block: where control goes from a break in it

    def next_after(item: int) -> list[int]:
        number = blocks.block_of[item]
        if blocks.ends[item]:
            return [following[item]] if item in following else leaving[number]
        return breaking[number] if blocks.breaks[item] else []

    for block in blocks.all:
        leaving.append([])
        breaking.append([])
        if block.owner >= 0:
            out = next_after(block.owner)
            waiting = [part for part in blocks.inner[block.owner].values() if blocks.before(part) is block]
            leaving[-1] = [blocks.steps(part)[0] for part in waiting] or out
            is_loop = blocks.graph.nodes[block.owner].kind is Kind.LOOP
            breaking[-1] = out if is_loop else breaking[blocks.block_of[block.owner]]
            if blocks.before(block) is None:
                yield block.owner, blocks.steps(block)[0]
        for item in blocks.steps(block):
            yield from ((item, target) for target in next_after(item))


def _data(bindings: Bindings) -> Iterator[tuple[int, int]]:
    for use in bindings.uses:
        for definition in use.definitions:
            yield bindings.blocks.last_step(definition.node.index), use.node.index


def _closure(blocks: Blocks, id: str, pairs: Pairs) -> tuple[str, ...]:
    """The steps that pairs lead to from a step, or from a THEN's steps, all that the THEN holds left out."""
    graph = blocks.graph
    top = graph.by_id[id]
    steps = [node.index for node in graph.sequence(top)]
    targets: dict[int, list[int]] = {}
    for source, target in pairs:
        targets.setdefault(source, []).append(target)
    seen, stack = set(steps), steps[:]
    while stack:
        for target in targets.get(stack.pop(), ()):
            if target not in seen:
                seen.add(target)
                stack.append(target)
    found = seen.difference(range(top.index, blocks.after[top.index]) if top.kind is Kind.THEN else steps)
    return tuple(graph.nodes[index].id for index in blocks.in_order() if index in found)
