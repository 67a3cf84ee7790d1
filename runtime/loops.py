"""LOOP: every iteration is a generation of the scope whose root the loop is."""

import asyncio
import time

from .branches import branch, fail_loop_row, fork, joined, merge
from .failpoints import hit
from .outcomes import Broke, Done, Failed, Outcome
from .scope import Scope
from .stored import StoredNode
from .values import is_true
from .walk import run


async def run_inner_loop(scope: Scope, node: StoredNode) -> Outcome:
    child = scope.child(node)
    await fork(scope, [child], 1)
    outcome = await branch(child)
    if isinstance(outcome, Failed):
        outcome = Failed(f"Loop sub-orchestration failed: {outcome.text}")
        fail_loop_row(scope, child, outcome.text)
    else:
        merge(scope, child)
        joined(scope, [child])
    scope.advance(node, outcome)
    return outcome


async def run_loop(scope: Scope, node: StoredNode) -> Outcome:
    """The loop at the root of a scope: every iteration is a generation of the scope."""
    if node.config.problem is not None:
        return Failed(f"LOOP node {node.id}: failed to parse condition config: {node.config.problem}")
    if node.left is None:
        return Failed(f"LOOP node {node.id} has no body")
    condition = scope.instance.graph.condition(node)
    if condition is None and node.config.condition:
        return Failed(f"Node not found: {node.config.condition}")
    while True:
        begun = time.monotonic()
        outcome = await _iteration(scope, node, condition)
        if outcome is not None:
            return Done(outcome.text) if isinstance(outcome, Broke) else outcome
        pause = 0.0
        if condition is None and not scope.signalled:
            pause = begun + scope.instance.worker.settings.loop_interval - time.monotonic()
        idle = scope.effects == 0
        scope.next_generation(node)
        hit("loop.next")
        if pause > 0 or idle:
            await scope.flush()
            await asyncio.sleep(max(pause, 0))


async def _iteration(scope: Scope, node: StoredNode, condition: StoredNode | None) -> Outcome | None:
    """One iteration; None when another one follows."""
    if condition is None or condition.id not in scope.path:
        body = await run(scope, node.left)
        if not isinstance(body, Done):
            return body
        scope.body = body.text
    if condition is None:
        return None
    verdict = await run(scope, condition)
    if not isinstance(verdict, Done):
        return verdict
    return None if is_true(verdict.text) else Done(scope.body or "null")
