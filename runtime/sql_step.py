"""A SQL node: substitute, run as the submitting role, turn rows into JSON, try again when a failure is transient."""

import asyncio
import random

from .errors import (
    ADMIN_SHUTDOWN,
    QUERY_CANCELED,
    RESULT_TOO_LARGE,
    LostConnectionError,
    RefusedError,
    SlotTimeoutError,
    SqlError,
)
from .failpoints import hit
from .outcomes import Done, Failed, Outcome
from .rendering_server import render
from .scope import Place, Scope
from .session import Command, Reply, statement
from .slots import Open
from .statements import is_copy_to_client, is_transaction_control
from .stored import StoredNode
from .values import (
    EMPTY_RESULT,
    Column,
    Context,
    SubstitutionError,
    UnsupportedColumnError,
    needs_server,
    result_text,
    sql_error_text,
    substitute,
)

BACKOFF_FIRST, BACKOFF_MOST = 0.05, 30.0  # seconds
RETRIES_OF_THE_STOPPED = 5  # in a row, when the step's backend is terminated, or its commit cancelled

COPY_TEXT = "COPY FROM STDIN and COPY TO STDOUT cannot be steps: nobody is there to talk to"


async def run(scope: Scope, node: StoredNode) -> Outcome:
    """Run a SQL node."""
    saved = scope.speak()
    attempts = saved.attempts if saved else 0
    if saved and saved.intent == node.id:
        scope.instance.at_least_once.add(node.id)
    place = Place(scope.id, scope.generation, node.id)
    verdict = scope.instance.verdicts.pop(place, None)
    if isinstance(verdict, Failed):
        return verdict
    if node.query is None:
        return Failed(f"SQL node {node.id} has no query")
    try:
        text = substitute(node.query, scope.bindings, scope.instance.variables, Context.SQL)
    except SubstitutionError as problem:
        return Failed(str(problem))
    if is_copy_to_client(text):
        return Failed(sql_error_text(COPY_TEXT))
    while True:
        outcome = verdict or await _attempt(scope, node, text)
        verdict = None
        if not isinstance(outcome, SqlError):
            return outcome
        attempts += 1
        if _was_stopped_too_often(scope, place, outcome):
            return Failed(sql_error_text(outcome.message))
        await _pause(scope, attempts)


def verdict_on(error: SqlError) -> Failed | SqlError:
    """What a step whose checkpoint or COMMIT was refused comes to: an SqlError means that it is tried again."""
    if error.transient or error.code == QUERY_CANCELED:
        return error
    return Failed(sql_error_text(error.message))


def _was_stopped_too_often(scope: Scope, place: Place, error: SqlError) -> bool:
    """Someone may want to get rid of this very step, or its statement may bring its own backend down."""
    terminated = scope.instance.terminated
    if error.code not in (ADMIN_SHUTDOWN, QUERY_CANCELED):
        terminated.pop(place, None)
        return False
    terminated[place] = terminated.get(place, 0) + 1
    return terminated[place] > RETRIES_OF_THE_STOPPED


async def _pause(scope: Scope, attempts: int) -> None:
    """Count the failed attempt durably, then wait: exponential, capped, with jitter."""
    await scope.flush(attempts=attempts)
    hit("retry.noted")
    delay = min(BACKOFF_FIRST * 2 ** min(attempts, 16), BACKOFF_MOST)
    await asyncio.sleep(delay * random.uniform(0.5, 1.0))


async def _attempt(scope: Scope, node: StoredNode, text: str) -> Outcome | SqlError:
    """One attempt; an SqlError is one that passes by itself."""
    instance = scope.instance
    if instance.in_other_database or node.id in instance.at_least_once or is_transaction_control(text):
        return await _alone(scope, node, text)
    try:
        opened = await scope.begin(node, text.encode())
        if opened.reply.error is None:
            outcome = await _result(scope, opened)
            if isinstance(outcome, Done):
                scope.opened = opened
                scope.advance(node, outcome)
                return outcome
            await scope.instance.executor.rollback(opened)
            return outcome
    except SlotTimeoutError:
        return Failed(_slot_text(scope))
    except RefusedError as problem:
        return Failed(str(problem))
    except LostConnectionError as problem:
        return SqlError(problem.code, str(problem))
    error = opened.reply.error
    if error.code == RESULT_TOO_LARGE:
        instance.executor.discard(opened.session)  # a request to cancel is under way to it
        return Failed(sql_error_text(error.message))
    await instance.executor.rollback(opened)
    if error.needs_no_transaction:
        return await _alone(scope, node, text)
    return error if error.transient else Failed(sql_error_text(error.message))


def _slot_text(scope: Scope) -> str:
    slots = scope.instance.executor.slots
    return (
        f"pg_durable: connection limit reached (max_user_connections={slots.limit}). "
        f"Timed out after {slots.timeout:g}s waiting for an available execution slot."
    )


async def _alone(scope: Scope, node: StoredNode, text: str) -> Outcome | SqlError:
    """Run outside of a transaction block, at least once: the intent is committed first."""
    scope.instance.at_least_once.add(node.id)
    scope.changes.node(node.id, "running", None, scope.stamp_of(node))
    scope.shown.add(node.id)
    await scope.flush(intent=node.id)
    hit("alone.before")
    executor = scope.instance.executor
    try:
        session = await executor.alone(scope.instance.key)
    except SlotTimeoutError:
        return Failed(_slot_text(scope))
    except RefusedError as problem:
        return Failed(str(problem))
    except LostConnectionError as problem:
        return SqlError(problem.code, str(problem))
    try:
        (reply,) = await executor.run_alone(session, statement(text.encode()))
        hit("alone.after")
        if reply.error is not None:
            return reply.error if reply.error.transient else Failed(sql_error_text(reply.error.message))
        outcome = await _result(scope, Open(session, reply))
    except LostConnectionError as problem:
        return SqlError(problem.code, str(problem))
    finally:
        executor.discard(session)
    if isinstance(outcome, Done):
        scope.urgent = True
        scope.advance(node, outcome)
    return outcome


# Rows to JSON


async def _result(scope: Scope, opened: Open) -> Outcome:
    """The result text of an answer; JSON that only the server knows is made there, in the same transaction."""
    result = opened.reply.result
    cells = opened.reply.rows
    if not result.nfields and not cells:
        return Done(EMPTY_RESULT)
    columns = [Column((result.fname(i) or b"").decode(), result.ftype(i)) for i in range(result.nfields)]
    try:
        rendered = {}
        for i, column in enumerate(columns):
            if cells and needs_server(column.oid):
                rendered[i] = await _render(scope, opened, column.oid, [row[i] for row in cells])
        text = result_text(columns, cells, rendered)
    except UnsupportedColumnError as problem:
        return Failed(str(problem))
    return Done(text)


async def _render(scope: Scope, opened: Open, oid: int, cells: "list[bytes | None]") -> list[str | None]:
    async def ask(command: Command) -> Reply:
        return await scope.instance.executor.ask(opened, command)

    return await render(ask, oid, cells, installed=not scope.instance.in_other_database)
