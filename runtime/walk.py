"""The walk over a graph: one node to its end, whatever its type.

What the types mean is in `control` (THEN, IF, BREAK), `branches` (JOIN, RACE), `loops`, `sql_step`, `waits` and
`http_step`; `node_types` is the table. A walk that takes an instance up goes down to the stored position first
(`scope.path`) and is silent until the next effect.
"""

from collections.abc import Awaitable, Callable

from .outcomes import Done, Failed, Outcome
from .scope import Scope
from .stored import StoredNode

Handler = Callable[[Scope, StoredNode], Awaitable[Outcome]]

HANDLERS: dict[str, Handler] = {}  # filled by node_types
INNER_LOOP = "inner LOOP"  # one that is not the root of its scope


async def run(scope: Scope, node: StoredNode | None) -> Outcome:
    """Run one node to its end."""
    if node is None:
        return Failed("Node not found")
    if scope.path and node.id == scope.position:
        scope.path = set()
        scope.silent = True
        return Done(scope.result or "null")
    handler = HANDLERS.get(node.kind)
    if handler is None:
        return Failed(f"Unknown node type: {node.kind.lower()}")
    if node.kind == "LOOP" and node is not scope.root:  # its row belongs to the loop's own scope
        outcome = await HANDLERS[INNER_LOOP](scope, node)
        if isinstance(outcome, Done) and node.name and not scope.silent:
            scope.bind(node.name, outcome.text)
        return outcome
    scope.enter(node)
    outcome = await handler(scope, node)
    scope.leave(node, outcome)
    return outcome
