"""The walk over the graph: what THEN, IF, JOIN, RACE, LOOP and BREAK mean.

Each function takes a scope and a node and says how the node ended. Leaves with effects live in `sql_step`, `waits`
and `http_step`. A walk that takes an instance up goes down to the stored position first (`scope.path`) and is
silent until the next effect.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence

from . import http_step, sql_step, waits
from .failpoints import hit
from .outcomes import UNSTORABLE, Broke, Done, Failed, Outcome
from .scope import Scope, ended_outcome, ended_text
from .stored import StoredNode
from .values import RowCountError, break_value, is_storable, is_true, row_count

Handler = Callable[[Scope, StoredNode], Awaitable[Outcome]]

LOST_RACE = "Loop branch cancelled after losing RACE"


async def run(scope: Scope, node: StoredNode | None) -> Outcome:
    """Run one node to its end."""
    if node is None:
        return Failed("Node not found")
    if scope.path and node.id == scope.position:
        scope.path = set()
        scope.silent = True
        return Done(scope.result or "null")
    handler = _HANDLERS.get(node.kind)
    if handler is None:
        return Failed(f"Unknown node type: {node.kind.lower()}")
    if node.kind == "LOOP" and node is not scope.root:  # its row belongs to the loop's own scope
        outcome = await _run_inner_loop(scope, node)
        if isinstance(outcome, Done) and node.name and not scope.silent:
            scope.bind(node.name, outcome.text)
        return outcome
    scope.enter(node)
    outcome = await handler(scope, node)
    scope.leave(node, outcome)
    return outcome


async def _run_then(scope: Scope, node: StoredNode) -> Outcome:
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


async def _run_if(scope: Scope, node: StoredNode) -> Outcome:
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


async def _run_break(scope: Scope, node: StoredNode) -> Outcome:
    try:
        value = json.loads(node.query or "{}").get("break_value")
    except (ValueError, AttributeError):
        value = None
    text = value if isinstance(value, str) else None
    broken = break_value(text, scope.bindings, scope.instance.variables)
    return Broke(broken) if is_storable(broken) else Failed(UNSTORABLE)


# Parallel branches


async def _branch(child: Scope) -> Outcome:
    """A child scope from its beginning, or from where it stands, to its recorded end."""
    if child.saved is not None and child.saved.ended is not None:
        return ended_outcome(child.saved.ended)
    try:
        outcome = await run(child, child.root)
        await child.flush(ended=ended_text(outcome))
    finally:
        child.forsake()
        child.instance.lines.discard(child)
    return outcome


async def _fork(scope: Scope, children: list[Scope]) -> None:
    """Record the branches before any of them does anything, unless that has happened before."""
    scope.speak()
    if all(child.id not in scope.instance.saved for child in children):
        scope.show()
        await scope.flush(fork=[child.id for child in children])
    hit("join.forked")
    scope.instance.lines.discard(scope)
    scope.instance.lines.update(child for child in children if not (child.saved and child.saved.ended))


def _merge(scope: Scope, child: Scope) -> None:
    """The names that a branch has bound itself become the parent's."""
    for name in sorted(child.own):
        scope.bind(name, child.bindings[name])


def _joined(scope: Scope, children: list[Scope]) -> None:
    """The children are over: their rows go with the parent's next commit."""
    scope.instance.lines.difference_update(children)  # the loser of a race that was decided before a crash
    scope.instance.lines.add(scope)
    scope.changes.more.setdefault("drop", []).extend(child.id for child in children)


def _fail_loop_row(scope: Scope, child: Scope, text: str) -> None:
    """A loop at the root of a failed branch shows its parent's text, unless it has moved on (the fence decides)."""
    if child.root.kind == "LOOP":
        scope.changes.node(child.root.id, "failed", json.dumps(text, ensure_ascii=False), f"{child.id}::1")


async def _run_join(scope: Scope, node: StoredNode) -> Outcome:
    if node.left is None or node.right is None:
        return Failed(f"JOIN node {node.id} has no {'left' if node.left is None else 'right'} branch")
    children = [scope.child(root) for root in (node.left, node.right, *scope.instance.graph.extras(node))]
    await _fork(scope, children)
    outcomes = await _all([_branch(child) for child in children])
    hit("join.ended")
    outcome = _join_outcome(scope, children, outcomes)
    if not isinstance(outcome, Failed):
        _joined(scope, children)
    scope.advance(node, outcome)
    return outcome


def _join_outcome(scope: Scope, children: list[Scope], outcomes: list[Outcome]) -> Outcome:
    parts = []
    for number, (child, outcome) in enumerate(zip(children, outcomes, strict=True), start=1):
        if isinstance(outcome, Failed):
            text = f"JOIN branch {number} failed: {outcome.text}"
            _fail_loop_row(scope, child, text)
            return Failed(text)
        _merge(scope, child)
        if isinstance(outcome, Broke):
            return outcome
        parts.append(outcome.text)
    return Done(f"[{','.join(parts)}]")


async def _run_race(scope: Scope, node: StoredNode) -> Outcome:
    if node.left is None or node.right is None:
        return Failed(f"RACE node {node.id} has no {'left' if node.left is None else 'right'} branch")
    children = [scope.child(node.left), scope.child(node.right)]
    await _fork(scope, children)
    winner, outcome = await _first(children)
    hit("race.decided")
    loser = children[1 - winner]
    if loser.root.kind == "LOOP":
        scope.changes.node(loser.root.id, "failed", json.dumps(LOST_RACE), loser.stamp)
    if isinstance(outcome, Failed):
        text = f"RACE {('left', 'right')[winner]} branch failed: {outcome.text}"
        _fail_loop_row(scope, children[winner], text)
        return Failed(text)
    _merge(scope, children[winner])
    _joined(scope, children)
    scope.advance(node, outcome)
    return outcome


async def _first(children: list[Scope]) -> tuple[int, Outcome]:
    """Which branch ended first, and how. The other one is cancelled, its running statement too."""
    for index, child in enumerate(children):
        if child.saved is not None and child.saved.ended is not None:
            return index, ended_outcome(child.saved.ended)
    tasks = [asyncio.create_task(_branch(child)) for child in children]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        winner = next(index for index, task in enumerate(tasks) if task.done())
        return winner, tasks[winner].result()
    finally:
        await _cancel(tasks)


async def _all(branches: list[Awaitable[Outcome]]) -> list[Outcome]:
    """Every branch to its end; when one cannot go on (not: fails), the others are stopped."""
    tasks = [asyncio.ensure_future(branch) for branch in branches]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        return [task.result() for task in tasks] if len(done) == len(tasks) else [_raise(tasks)]
    finally:
        await _cancel(tasks)


def _raise(tasks: "Sequence[asyncio.Future[Outcome]]") -> Outcome:
    return next(task for task in tasks if task.done() and (task.cancelled() or task.exception())).result()


async def _cancel(tasks: "Sequence[asyncio.Future[Outcome]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# Loops


async def _run_inner_loop(scope: Scope, node: StoredNode) -> Outcome:
    child = scope.child(node)
    await _fork(scope, [child])
    outcome = await _branch(child)
    if isinstance(outcome, Failed):
        outcome = Failed(f"Loop sub-orchestration failed: {outcome.text}")
        _fail_loop_row(scope, child, outcome.text)
    else:
        _merge(scope, child)
        _joined(scope, [child])
    scope.advance(node, outcome)
    return outcome


async def _run_loop(scope: Scope, node: StoredNode) -> Outcome:
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


_HANDLERS: dict[str, Handler] = {
    "SQL": sql_step.run,
    "THEN": _run_then,
    "IF": _run_if,
    "JOIN": _run_join,
    "RACE": _run_race,
    "LOOP": _run_loop,
    "BREAK": _run_break,
    "SLEEP": waits.sleep,
    "WAIT_SCHEDULE": waits.schedule,
    "SIGNAL": waits.signal,
    "HTTP": http_step.run,
    "HTTP_MULTIPART": http_step.run,
}
