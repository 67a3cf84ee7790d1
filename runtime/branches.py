"""JOIN and RACE: branches that run in parallel, each in a scope of its own."""

import asyncio
import json
from collections.abc import Sequence

from .failpoints import hit
from .outcomes import Broke, Done, Failed, Outcome
from .scope import Scope, ended_outcome, ended_text
from .stored import StoredNode
from .walk import run

LOST_RACE = "Loop branch cancelled after losing RACE"


async def branch(child: Scope) -> Outcome:
    """A child scope from its beginning, or from where it stands, to its recorded end."""
    if child.saved is not None and child.saved.ended is not None:
        return ended_outcome(child.saved.ended)
    try:
        outcome = await run(child, child.root)
        await child.flush(ended=ended_text(outcome))
    finally:
        child.forsake()
        _left(child)
    return outcome


def _left(child: Scope) -> None:
    """A branch is over. Its parent is a line again at once when it waits for no other one: who asks whether the
    whole instance waits must not miss that it is about to go on."""
    lines = child.instance.lines
    lines.discard(child)
    if child.parent is not None:
        child.parent.awaited -= 1
        if child.parent.awaited <= 0:
            lines.add(child.parent)


async def fork(scope: Scope, children: list[Scope], needed: int) -> None:
    """Record the branches before any of them does anything, unless that has happened before.

    The scope goes on when `needed` of them have ended.
    """
    scope.speak()
    if all(child.id not in scope.instance.saved for child in children):
        scope.show()
        await scope.flush(fork=[child.id for child in children])
    hit("join.forked")
    running = [child for child in children if not (child.saved and child.saved.ended)]
    scope.awaited = needed - (len(children) - len(running))
    if scope.awaited > 0:
        scope.instance.lines.discard(scope)
        scope.instance.lines.update(running)


def merge(scope: Scope, child: Scope) -> None:
    """The names that a branch has bound itself become the parent's."""
    for name in sorted(child.own):
        scope.bind(name, child.bindings[name])


def joined(scope: Scope, children: list[Scope]) -> None:
    """The children are over: their rows go with the parent's next commit."""
    scope.changes.more.setdefault("drop", []).extend(child.id for child in children)


def fail_loop_row(scope: Scope, child: Scope, text: str) -> None:
    """A loop at the root of a failed branch shows its parent's text, unless it has moved on (the fence decides)."""
    if child.root.kind == "LOOP":
        scope.changes.node(child.root.id, "failed", json.dumps(text, ensure_ascii=False), f"{child.id}::1")


async def run_join(scope: Scope, node: StoredNode) -> Outcome:
    if node.left is None or node.right is None:
        return Failed(f"JOIN node {node.id} has no {'left' if node.left is None else 'right'} branch")
    for extra in node.config.extras:
        if extra not in scope.instance.graph.nodes:
            return Failed(f"Node not found: {extra}")
    children = [scope.child(root) for root in (node.left, node.right, *scope.instance.graph.extras(node))]
    await fork(scope, children, len(children))
    outcomes = await _all(children)
    hit("join.ended")
    outcome = _join_outcome(scope, children, outcomes)
    if not isinstance(outcome, Failed):
        joined(scope, children)
    scope.advance(node, outcome)
    return outcome


def _join_outcome(scope: Scope, children: list[Scope], outcomes: list[Outcome]) -> Outcome:
    parts = []
    for number, (child, outcome) in enumerate(zip(children, outcomes, strict=True), start=1):
        if isinstance(outcome, Failed):
            text = f"JOIN branch {number} failed: {outcome.text}"
            fail_loop_row(scope, child, text)
            return Failed(text)
        merge(scope, child)
        if isinstance(outcome, Broke):
            return outcome
        parts.append(_element(outcome.text))
    return Done(f"[{','.join(parts)}]")


def _element(text: str) -> str:
    """A result inside an array: compact (rule R2.10). All are, but those of the timers (rule R2.29)."""
    if text.startswith(('{"slept": ', '{"scheduled": ')):
        return text.replace(": ", ":").replace(", ", ",")
    return text


async def run_race(scope: Scope, node: StoredNode) -> Outcome:
    if node.left is None or node.right is None:
        return Failed(f"RACE node {node.id} has no {'left' if node.left is None else 'right'} branch")
    children = [scope.child(node.left), scope.child(node.right)]
    await fork(scope, children, 1)
    winner, outcome = await _first(children)
    hit("race.decided")
    loser = children[1 - winner]
    if loser.root.kind == "LOOP":
        scope.changes.node(loser.root.id, "failed", json.dumps(LOST_RACE), loser.stamp)
    if isinstance(outcome, Failed):
        text = f"RACE {('left', 'right')[winner]} branch failed: {outcome.text}"
        fail_loop_row(scope, children[winner], text)
        return Failed(text)
    merge(scope, children[winner])
    joined(scope, children)
    scope.advance(node, outcome)
    return outcome


async def _first(children: list[Scope]) -> tuple[int, Outcome]:
    """Which branch ended first, and how. The other one is cancelled, its running statement too."""
    for index, child in enumerate(children):
        if child.saved is not None and child.saved.ended is not None:
            return index, ended_outcome(child.saved.ended)
    tasks = [asyncio.create_task(branch(child)) for child in children]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        winner = next(index for index, task in enumerate(tasks) if task.done())
        return winner, tasks[winner].result()
    finally:
        await _cancel(children, tasks)


async def _all(children: list[Scope]) -> list[Outcome]:
    """Every branch to its end; when one cannot go on (not: fails), the others are stopped."""
    tasks = [asyncio.create_task(branch(child)) for child in children]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        return [task.result() for task in tasks] if len(done) == len(tasks) else [_raise(tasks)]
    finally:
        await _cancel(children, tasks)


def _raise(tasks: "Sequence[asyncio.Future[Outcome]]") -> Outcome:
    return next(task for task in tasks if task.done() and (task.cancelled() or task.exception())).result()


async def _cancel(children: list[Scope], tasks: "Sequence[asyncio.Future[Outcome]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    children[0].instance.lines.difference_update(children)  # those that never began
