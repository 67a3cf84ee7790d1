"""Which steps have to do with a step: what it needs, what needs it, and what it stands in."""

from ..graph import Graph, Kind
from .errors import UnknownStepError


def steps_beside(graph: Graph, step: str) -> frozenset[str]:
    """Ids of the steps that have nothing to do with a step.

    They are all but the step, its parts, the constructs around it, and its ancestors and descendants in the
    flow. Flow is control and data: `compiler.flow` says which. Raises `UnknownStepError`.
    """
    from ..flow import ancestors, descendants

    node = graph.by_id.get(step)
    if node is None:
        raise UnknownStepError(step, (node.id for node in graph.nodes if node.kind is not Kind.THEN))
    kept = {node.id, *ancestors(graph, step), *descendants(graph, step)}
    inside = {node.index}
    for later in graph.nodes[node.index + 1 :]:
        if later.parent not in inside:
            break  # pre-order: the parts of a node stand together
        inside.add(later.index)
        kept.add(later.id)
    around = graph.parent(node)
    while around is not None:
        kept.add(around.id)
        around = graph.parent(around)
    return frozenset(
        other.id for other in graph.nodes if other.kind is not Kind.THEN and other.id not in kept
    )
