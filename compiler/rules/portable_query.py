"""DF907: `?` behind a reference in an HTTP text on pg_durable."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import REFERENCE_TARGET, WorkflowContext
from ..graph import Kind, Node
from ..references import texts_of
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    if node.dynamic or "?" not in (node.query or ""):
        return
    texts = {place: text for place, text, _ in texts_of(node)}
    for use in workflow.bindings.uses_at(node):
        found = use.reference
        if use.definitions and texts.get(found.place, "")[found.end : found.end + 1] == "?":
            yield RULE.finding(
                f"pg_durable takes the ? behind ${use.name} for a part of the reference and drops it",
                node.span,
                help="let the step before select the path with its query string, and write that one reference",
                node=node,
            )


RULE = Rule(
    code="DF907",
    name="portable-query",
    severity=Severity.ERROR,
    target=REFERENCE_TARGET,
    summary="pg_durable drops the ? of a query string behind a reference.",
    rationale=(
        "Here a question mark that letters follow begins the query string of an address. pg_durable reads it as "
        "a part of the reference, the form that allows NULL, so the address is another one."
    ),
    bad="""SELECT df.start('SELECT 7 AS id' |=> 'it'
    ~> df.http('https://example.org/items/$it?full=1', 'GET'));""",
    good="""SELECT df.start('SELECT 7 AS id' |=> 'it'
    ~> df.http('https://example.org/items?id=$it&full=1', 'GET'));""",
    kinds=frozenset({Kind.HTTP, Kind.HTTP_MULTIPART}),
    node=_check,
)
