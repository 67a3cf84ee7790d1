"""Nodes that only decide: THEN, IF and BREAK. They have no effect of their own and cost no commit."""

import json

from .outcomes import UNSTORABLE, Broke, Done, Failed, Outcome
from .scope import Scope
from .stored import StoredNode
from .values import RowCountError, SubstitutionError, break_value, is_storable, is_true, row_count
from .walk import run


async def run_then(scope: Scope, node: StoredNode) -> Outcome:
    """A chain of THENs leans to the left: walk its spine instead of descending it."""
    spine = [node]
    while spine[-1].left is not None and spine[-1].left.kind == "THEN":
        spine.append(spine[-1].left)
    for inner in spine[1:]:
        scope.enter(inner)
    if scope.path:  # the innermost link whose second step leads to the position
        resumed = [
            i for i, link in enumerate(spine) if link.right is not None and link.right.id in scope.path
        ]
        if resumed:
            for link in spine[resumed[0] + 1 :]:
                scope.open.pop(link.id, None)
            del spine[resumed[0] + 1 :]
            return await _run_links(scope, spine, None)
    first = spine[-1].left
    if first is None:
        outcome: Outcome = Failed(f"THEN node {spine[-1].id} has no left_node")
    else:
        outcome = await run(scope, first)
    return await _run_links(scope, spine, outcome)


async def _run_links(scope: Scope, spine: list[StoredNode], outcome: Outcome | None) -> Outcome:
    """Run the second steps from the innermost link outwards; `outcome` is the first step's, None = ended long ago."""
    for link in reversed(spine):
        if outcome is None or isinstance(outcome, Done):
            outcome = (
                await run(scope, link.right)
                if link.right
                else Failed(f"THEN node {link.id} has no right_node")
            )
        if link is not spine[0]:
            scope.leave(link, outcome)
    assert outcome is not None
    return outcome


async def run_if(scope: Scope, node: StoredNode) -> Outcome:
    config = node.config
    if node.query is None:
        return Failed(f"IF node {node.id} has no config")
    if config.problem is not None:
        return Failed(f"Invalid IF config: {config.problem}")
    for branch, role in ((node.left, "then"), (node.right, "else")):
        if branch is None:
            return Failed(f"IF node {node.id} has no {role} branch")
        if branch.id in scope.path:
            return await run(scope, branch)
    truth = _has_rows(scope, node) if config.rows_of else await _condition(scope, node)
    if not isinstance(truth, bool):
        return truth
    return await run(scope, node.left if truth else node.right)


def _has_rows(scope: Scope, node: StoredNode) -> Outcome | bool:
    name = node.config.result_name
    if name is None:
        return Failed("df.if_rows: missing result_name")
    try:
        return row_count(scope.bindings.get(name), name) > 0
    except RowCountError as problem:
        return Failed(str(problem))


async def _condition(scope: Scope, node: StoredNode) -> Outcome | bool:
    condition = scope.instance.graph.condition(node)
    if condition is None and node.config.condition:
        return Failed(f"Node not found: {node.config.condition}")
    if condition is None:
        return Failed("IF node missing condition_node")
    outcome = await run(scope, condition)
    return is_true(outcome.text) if isinstance(outcome, Done) else outcome


async def run_break(scope: Scope, node: StoredNode) -> Outcome:
    try:
        value = json.loads(node.query or "{}").get("break_value")
    except (ValueError, AttributeError):
        value = None
    text = value if isinstance(value, str) else None
    try:
        broken = break_value(text, scope.bindings, scope.instance.variables)
    except SubstitutionError as problem:
        return Failed(str(problem))
    return Broke(broken) if is_storable(broken) else Failed(UNSTORABLE)
