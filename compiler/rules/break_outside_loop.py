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
    part = workflow.workflow.kind == "composer"  # it may become part of a loop
    yield RULE.finding(
        "df.break() was called outside of a loop. df.break() may only be used inside df.loop().",
        node.span,
        severity=Severity.INFO if part else None,
        help="put it into the body of @> ( ... ) or df.loop(...); to end a workflow early, branch around the rest",
        node=node,
    )


RULE = Rule(
    code="DF501",
    name="break-outside-loop",
    severity=Severity.ERROR,
    aliases=("C-01",),
    summary="df.break() stands outside of any loop.",
    rationale=(
        "The server accepts it, and the run fails when it gets there. A piece of a workflow that is not started "
        "itself may still become part of a loop, so there the finding is a note."
    ),
    bad="SELECT df.start('SELECT 1' ~> df.break());",
    good="SELECT df.start(@> ('SELECT 1' ~> df.break()));",
    kinds=frozenset({Kind.BREAK}),
    node=_check,
)
