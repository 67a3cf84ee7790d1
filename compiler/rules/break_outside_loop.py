"""DF501: df.break() outside of any loop."""

from collections.abc import Iterator

from ...grammar import Finding, Severity
from ..context import WorkflowContext
from ..graph import Kind, Node
from .rule import Rule


def _check(workflow: WorkflowContext, node: Node) -> Iterator[Finding]:
    graph = workflow.graph
    assert graph is not None
    at = graph.parent(node)
    while at is not None:
        if at.kind is Kind.LOOP:
            return
        at = graph.parent(at)
    yield RULE.finding(
        "df.break() was called outside of a loop. df.break() may only be used inside df.loop().",
        node.span,
        help="put it into the body of @> ( ... ) or df.loop(...); to end a workflow early, branch around the rest",
        node=node,
    )


RULE = Rule(
    code="DF501",
    name="break-outside-loop",
    severity=Severity.ERROR,
    aliases=("C-01",),
    summary="df.break() stands outside of any loop.",
    rationale="The server accepts it, and the run fails when it gets there.",
    bad="SELECT df.start('SELECT 1' ~> df.break());",
    good="SELECT df.start(@> ('SELECT 1' ~> df.break()));",
    kinds=frozenset({Kind.BREAK}),
    node=_check,
)
