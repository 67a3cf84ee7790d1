"""Bindings: which definitions of a result name reach which uses, on all paths or on some.

The rules of visibility are those of the language reference, section 6.4, with these differences: names on
sleeps, waits and breaks are bound; after a JOIN only the names count that a branch bound itself.
"""

from bisect import bisect_left
from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from .blocks import Blocks, DeadCode
from .graph import Graph, Kind, Node
from .missing import Gap, Miss, Why, explain_miss, find_gaps
from .reaching import UNBOUND, Reaching
from .references import Placeholder, Reference, placeholders_of, references_of
from .results import Shape, result_nodes, shapes
from .rounds import find_returns

__all__ = [
    "Bindings",
    "DeadCode",
    "Definition",
    "Gap",
    "Miss",
    "Shape",
    "Use",
    "VariableUse",
    "Why",
    "analyse",
    "result_nodes",
    "shapes",
]


class Definition(NamedTuple):
    """A node that binds a name when it ends; a LOOP also when a break ends it."""

    name: str
    node: Node
    reachable: bool  # whether the node can run; for a THEN, whether it can end


class Use(NamedTuple):
    """A reference in a text of a node, or the name that an IF_ROWS asks about."""

    node: Node
    reference: Reference
    reachable: bool  # whether the node can run; nothing reaches one that cannot
    definitions: tuple[Definition, ...]  # those that can reach it, in the order of the nodes
    on_all_paths: bool  # whether the name is bound whenever the node begins; true where it never does

    @property
    def name(self) -> str:
        return self.reference.name

    @property
    def never_bound(self) -> bool:
        """The node can run, and never sees the name."""
        return self.reachable and not self.definitions

    @property
    def sometimes_bound(self) -> bool:
        """The node can run with the name and without it."""
        return bool(self.definitions) and not self.on_all_paths


class VariableUse(NamedTuple):
    """A `{name}` in a text of a node."""

    node: Node
    placeholder: Placeholder

    @property
    def name(self) -> str:
        return self.placeholder.name


class Bindings:
    """The names of one graph; made by `analyse`."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.blocks = Blocks(graph)
        self._by_node = {
            node.index: Definition(node.name, node, self.blocks.cause(node.index) is None)
            for node in graph.nodes
            if node.name is not None
        }
        self.definitions = tuple(self._by_node.values())
        self._indices = list(self._by_node)
        self._by_name: defaultdict[str, list[Definition]] = defaultdict(list)
        for definition in self.definitions:
            self._by_name[definition.name].append(definition)
        self._returns = find_returns(self.blocks)
        self._flows: dict[str, Reaching] = {}
        self._reached: dict[tuple[str, int], tuple[Definition, ...]] = {}
        order = [graph.nodes[index] for index in self.blocks.in_order()]
        references = [(node, found) for node in order for found in references_of(node)]
        self._users: defaultdict[str, list[int]] = defaultdict(list)
        for node, found in references:
            self._users[found.name].append(node.index)
        self.uses = tuple(self._use(node, found) for node, found in references)
        self.variables = tuple(VariableUse(node, found) for node in order for found in placeholders_of(node))

    def definitions_of(self, name: str) -> tuple[Definition, ...]:
        """All definitions of a name, whether or not they reach anything."""
        return tuple(self._by_name.get(name, ()))

    def definitions_in(self, node: Node) -> tuple[Definition, ...]:
        """The definitions on a node and inside it."""
        low = bisect_left(self._indices, node.index)
        high = bisect_left(self._indices, self.blocks.after[node.index])
        return tuple(self._by_node[index] for index in self._indices[low:high])

    def uses_at(self, node: Node) -> tuple[Use, ...]:
        """The uses in the texts of one node."""
        return self._uses_by_node.get(node.index, ())

    def uses_of(self, definition: Definition) -> tuple[Use, ...]:
        """The uses that a definition can reach, in the order of execution."""
        found = self._uses_by_name.get(definition.name, ())
        return tuple(use for use in found if definition in use.definitions)

    @cached_property
    def unused(self) -> tuple[Definition, ...]:
        """The definitions that reach no use."""
        used = {definition.node.index for use in self.uses for definition in use.definitions}
        return tuple(found for found in self.definitions if found.node.index not in used)

    def reaching(self, node: Node, name: str) -> tuple[tuple[Definition, ...], bool]:
        """The definitions of a name that can reach the beginning of a step, and whether it is always bound.

        The step may be of any kind but THEN. Nothing reaches a step that cannot run: ((), True).
        """
        if self.blocks.cause(node.index) is not None:
            return (), True
        if name not in self._by_name:
            return (), False
        flow = self._flow(name, node.index)
        value = flow.at(node.index)
        known = self._reached.get((name, value))
        if known is None:
            known = tuple(self._by_node[index] for index in flow.nodes(value))
            self._reached[name, value] = known
        return known, not value & UNBOUND

    def names_in_scope(self, node: Node) -> tuple[str, ...]:
        """The names that can be bound when a step begins, sorted."""
        return tuple(name for name in sorted(self._by_name) if self.reaching(node, name)[0])

    def gaps(self, use: Use) -> tuple[Gap, ...]:
        """Why a use is not bound on all paths, though on some: the ways on which nothing binds the name."""
        return find_gaps(self._flow(use.name, use.node.index), use.node.index) if use.sometimes_bound else ()

    def misses(self, use: Use) -> tuple[Miss, ...]:
        """The definitions of the same name that do not reach a use, each with the reason."""
        if not use.reachable:
            return ()
        reached = {definition.node.index for definition in use.definitions}
        return tuple(
            explain_miss(self.blocks, found.node.index, use.node.index)
            for found in self.definitions_of(use.name)
            if found.node.index not in reached
        )

    def stopped_by(self, node: Node) -> Node | None:
        """What keeps a step from ever running: an endless LOOP, a BREAK, or a node whose parts all break.

        None where it can run. For a THEN that has no name this is its first step's answer.
        """
        while node.kind is Kind.THEN and node.name is None:
            node = self.graph.nodes[node.children["first"]]
        cause = self.blocks.cause(node.index)
        return None if cause is None else self.graph.nodes[cause]

    @property
    def dead_code(self) -> tuple[DeadCode, ...]:
        """The stretches of steps that never run, each with its cause; none lies inside another."""
        return tuple(self.blocks.dead_code)

    def _use(self, node: Node, reference: Reference) -> Use:
        definitions, on_all_paths = self.reaching(node, reference.name)
        return Use(node, reference, self.blocks.cause(node.index) is None, definitions, on_all_paths)

    def _flow(self, name: str, node: int) -> Reaching:
        """The flow of a name as far as its uses reach, or in the whole graph where `node` is outside."""
        flow = self._flows.get(name)
        if flow is None or not flow.covers(node):
            definitions = [definition.node.index for definition in self._by_name[name]]
            users = self._users.get(name, ())
            top = self.blocks.all[0] if flow else self.blocks.common([*definitions, *users])
            flow = Reaching(self.blocks, definitions, top, self._returns[top.number])
            self._flows[name] = flow
        return flow if flow.covers(node) else self._flow(name, node)

    @cached_property
    def _uses_by_node(self) -> dict[int, tuple[Use, ...]]:
        found: defaultdict[int, list[Use]] = defaultdict(list)
        for use in self.uses:
            found[use.node.index].append(use)
        return {index: tuple(uses) for index, uses in found.items()}

    @cached_property
    def _uses_by_name(self) -> dict[str, list[Use]]:
        found: defaultdict[str, list[Use]] = defaultdict(list)
        for use in self.uses:
            found[use.name].append(use)
        return found


def analyse(graph: Graph) -> Bindings:
    """The definitions and uses of all names in a graph, and which of them belong together."""
    return Bindings(graph)
