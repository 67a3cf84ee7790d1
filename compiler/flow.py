"""Edges between steps, as a list and as networkx graphs.

The nodes of these views are the steps: every node but THEN, a composite node being a step of its own beside
the steps in its branches. Control edges run from a step to the next one of its sequence, and from a composite
to the first step of each branch. No edge leads back, or out of a branch: a composite hands on to what follows
it. Data edges run from the step that binds a name to the steps that use it. The name on a THEN is bound by
its last step, so this is where its edges begin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..grammar import DfsqlError
from .bindings import Bindings, analyse
from .blocks import Blocks
from .graph import Graph, Kind, Node
from .paths import Path, ancestors, critical_path, descendants, reachable, sleep_seconds

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "NEXT_ROUND",
    "CyclicGraphError",
    "Edge",
    "Path",
    "ancestors",
    "critical_path",
    "descendants",
    "edges_of",
    "reachable",
    "sleep_seconds",
    "to_networkx",
    "validate_acyclic",
]

NEXT_ROUND = "next round"  # label of a data edge by which a round of a loop hands a value to the next one


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge between two steps, by their ids."""

    source: str
    target: str
    kind: Literal["control", "data"]
    name: str | None = None  # the result name of a data edge
    label: str | None = None  # "then", "else", "condition", "body", "while", "branch 2", NEXT_ROUND


class CyclicGraphError(DfsqlError, ValueError):
    """The control edges of a graph form a cycle: its table of nodes is not a tree in pre-order."""


def edges_of(graph: Graph) -> tuple[Edge, ...]:
    """The control edges, then the data edges, each in the order of execution.

    A step that uses a name several times has one edge for it. A step that never runs has no data edges.
    """
    bindings = analyse(graph)
    return (*_control_edges(bindings.blocks), *_data_edges(bindings))


def _control_edges(blocks: Blocks) -> Iterator[Edge]:
    nodes = blocks.graph.nodes
    following = blocks.following()
    for index in blocks.in_order():
        for part in blocks.inner.get(index, {}).values():
            first = nodes[blocks.steps(part)[0]]
            yield Edge(nodes[index].id, first.id, "control", label=_label(nodes[index], part.role))
        if index in following:
            yield Edge(nodes[index].id, nodes[following[index]].id, "control")


def _label(node: Node, role: str) -> str:
    if role == "condition" and node.kind is Kind.LOOP:
        return "while"
    return role.replace("branch", "branch ")


def _data_edges(bindings: Bindings) -> Iterator[Edge]:
    blocks, seen = bindings.blocks, set[tuple[int, int]]()
    for use in bindings.uses:
        for definition in use.definitions:
            at = definition.node.index
            if (at, use.node.index) in seen:
                continue
            seen.add((at, use.node.index))
            source = bindings.graph.nodes[blocks.last_step(at)].id
            is_carried = blocks.finish[at] >= blocks.begin[use.node.index]
            label = NEXT_ROUND if is_carried else None
            yield Edge(source, use.node.id, "data", name=use.name, label=label)


def to_networkx(graph: Graph, kind: Literal["control", "data", "both"] = "control") -> "nx.DiGraph":
    """The steps and edges as a networkx graph; nodes carry id, kind, query and name, edges all of `Edge`.

    The control graph is a DiGraph. The others are MultiDiGraphs, since several names may join two steps.
    """
    import networkx as nx

    network = nx.DiGraph() if kind == "control" else nx.MultiDiGraph()
    network.graph["name"] = graph.name
    for node in graph.nodes:
        if node.kind is not Kind.THEN:
            network.add_node(node.id, id=node.id, kind=node.kind.value, query=node.query, name=node.name)
    for edge in graph.edges:
        if kind in (edge.kind, "both"):
            network.add_edge(edge.source, edge.target, kind=edge.kind, name=edge.name, label=edge.label)
    return network


def validate_acyclic(graph: Graph) -> None:
    """Check that nothing waits for itself; raises CyclicGraphError with a cycle in its message.

    The control edges form no cycle, nor do they together with the data edges inside one round of the loops.
    """
    import networkx as nx

    network = nx.DiGraph()
    network.add_edges_from((edge.source, edge.target) for edge in graph.edges if edge.label != NEXT_ROUND)
    if not nx.is_directed_acyclic_graph(network):
        cycle = [source for source, _ in nx.find_cycle(network)]
        raise CyclicGraphError(f"steps wait for each other: {' -> '.join([*cycle, cycle[0]])}")
