"""An HTTP or HTTP_MULTIPART node: build the request, check who and where, send it one to three times."""

import asyncio
import uuid

from .failpoints import hit
from .outcomes import Done, Failed, Outcome
from .scope import Scope
from .stored import StoredNode
from .web import (
    RETRY_PAUSES,
    HttpFailure,
    NodeError,
    Request,
    build_request,
    check_policy,
    check_privilege_text,
    needs_privilege,
)

_NAMESPACE = uuid.UUID("5f0e5d4e-7c5b-4b53-9a55-5a1f6f3d0d5b")


async def run(scope: Scope, node: StoredNode) -> Outcome:
    """Run an HTTP node."""
    saved = scope.speak()
    instance = scope.instance
    key = str(uuid.uuid5(_NAMESPACE, f"{scope.stamp}/{node.id}"))  # instance, scope, iteration and node
    try:
        request = build_request(node.kind, node.id, node.query, scope.bindings, instance.variables, key)
    except NodeError as problem:
        return Failed(str(problem))
    if scope.opened is not None or scope.urgent:
        await scope.flush()
    if not await _may_send(scope, node.kind):
        return Failed(check_privilege_text(node.kind, instance.role))
    try:
        check_policy(request, instance.worker.settings.http)
    except NodeError as problem:
        return Failed(str(problem))
    instance.at_least_once.add(node.id)
    attempts = saved.attempts if saved and saved.intent == node.id else 0
    outcome = await _send(scope, node, request, attempts)
    scope.urgent = True
    scope.advance(node, outcome)
    return outcome


async def _may_send(scope: Scope, kind: str) -> bool:
    may = "pg_catalog.has_function_privilege($1::pg_catalog.oid, $2::pg_catalog.regprocedure, 'EXECUTE')"
    instance = scope.instance
    return (
        await instance.management.value(
            f"SELECT coalesce({may}, false)", str(instance.owner), needs_privilege(kind)
        )
        == "t"
    )


async def _send(scope: Scope, node: StoredNode, request: Request, attempts: int) -> Outcome:
    """Attempts are counted durably before they are made, so a crash uses one up."""
    while True:
        attempts += 1
        scope.show()
        scope.changes.node(node.id, "running", None, scope.stamp_of(node))
        await scope.flush(intent=node.id, attempts=attempts)
        try:
            text = await scope.instance.worker.web.send(request)
        except NodeError as problem:
            return Failed(str(problem))
        except HttpFailure as problem:
            if not problem.retryable or attempts > len(RETRY_PAUSES):
                return Failed(str(problem))
            await asyncio.sleep(RETRY_PAUSES[attempts - 1])
            continue
        hit("http.sent")
        return Done(text)
